#!/usr/bin/env python3
"""A second implementation of Uplift's scoring, gains and cohort statistics, in exact fractions.

It shares no code with the product and is slow on purpose: the effect of an item, for example, is found by scoring
again with that item conforming. `python3 reference.py` computes every vector beside it that has an output and
compares it with expected.json; it exits with 1 when one differs. Standard library only; the vectors on shipped
content also need PyYAML and are skipped without it. docs/test-vectors.md explains the vectors.
"""
import datetime
import json
import math
import os
import sys
from fractions import Fraction as F

HERE = os.path.dirname(os.path.abspath(__file__))
SHIPPED = os.path.join(HERE, '..', '..', '..', 'checklists')
GRADES = ['critical', 'major', 'minor', 'observation', 'good-practice']
CREDIT = {'conforming': 1, 'partly': 0.5, 'nonconforming': 0}
RATED = ('conforming', 'partly', 'nonconforming')


def frac(x):
    return F(str(x))


def micro(x):
    """Integer micro-points, halves upwards."""
    return math.floor(x * 1000000 + F(1, 2))


def points(x):
    return None if x is None else micro(x) / 1e6


def scope_of(checklist, level):
    found = next(l for l in checklist['levels'] if l['code'] == level)
    out = {level}
    for code in found.get('includes', []):
        out |= scope_of(checklist, code)
    return out


def asked(checklist, level):
    scope = scope_of(checklist, level)
    return [r for r in checklist['requirements'] if r['level'] in scope]


def ancestry(checklist, section):
    parent = {s['code']: s.get('parent') for s in checklist['sections']}
    out = []
    while section is not None:
        out.append(section)
        section = parent[section]
    return out


def grade_of(req, option):
    if 'grade' in option:
        return option['grade']
    if option['conformity'] == 'nonconforming':
        return req['criticality']
    return 'minor' if option['conformity'] == 'partly' else None


def credit_of(option):
    return frac(option.get('credit', CREDIT[option['conformity']]))


class Scored:
    """One assessment under one profile; `only` leaves other requirements out."""

    def __init__(self, a, view='as-found', only=None, replaced=None):
        self.profile, self.checklist, self.view = a['profile'], a['checklist'], view
        self.agg = self.profile['aggregation']
        self.options = {o['code']: o for o in self.profile['answers']}
        self.reqs = [r for r in asked(self.checklist, a['level']) if only is None or r['code'] in only]
        self.given = {r['requirement']: r for r in a['responses']}
        self.a, self.only = a, only
        self.counted = {}
        for r in self.reqs:
            response = self.given.get(r['code'])
            option = self.options[response['answer']] if response else None
            if option and view == 'after-closure' and 'closedOn' in response and option['conformity'] != 'not-applicable':
                option = self.best()
            self.counted[r['code']] = option
        if replaced:
            self.counted[replaced] = self.best()

    def best(self):
        kind = self.agg['kind']
        options = [o for o in self.profile['answers'] if o['conformity'] == 'conforming']
        return max(options, key=lambda o: (o.get('rank', 0) if kind == 'mean-ordinal' else credit_of(o), 'grade' not in o))

    def conformity(self, code):
        option = self.counted[code]
        return option['conformity'] if option else 'not-assessed'

    def weight(self, r):
        by_weight = self.agg['kind'] == 'weighted-percent' or self.agg.get('deduct', {}).get('by') == 'weight'
        return frac(r.get('weight', 1)) if by_weight else F(1)

    def deduction(self, r):
        option, deduct = self.counted[r['code']], self.agg['deduct']
        if deduct['by'] == 'grade':
            return frac(deduct['points'].get(grade_of(r, option), 0))
        price = self.weight(r) if deduct['by'] == 'weight' else frac(deduct['points'][r['class']])
        return price * (1 - credit_of(option))

    def sums(self, reqs):
        """Earned, possible and counts of some requirements."""
        counts = {k: 0 for k in ('conforming', 'partly', 'nonconforming', 'not-applicable', 'not-assessed')}
        earned = possible = F(0)
        deducting = self.agg['kind'] == 'deduct-from-100'
        for r in reqs:
            conformity = self.conformity(r['code'])
            counts[conformity] += 1
            if conformity not in RATED:
                continue
            option = self.counted[r['code']]
            if deducting:
                earned -= self.deduction(r)
            elif self.agg['kind'] == 'mean-ordinal':
                earned += frac(option['rank']) - frac(self.agg['min'])
                possible += frac(self.agg['max']) - frac(self.agg['min'])
            else:
                earned += credit_of(option) * self.weight(r)
                possible += self.weight(r)
        if deducting:
            possible = frac(self.agg['start'])
            earned += possible
        return earned, possible, {
            'total': len(reqs), 'applicable': len(reqs) - counts['not-applicable'],
            'conforming': counts['conforming'], 'partly': counts['partly'], 'nonconforming': counts['nonconforming'],
            'notApplicable': counts['not-applicable'], 'notAssessed': counts['not-assessed'],
        }

    def clamp(self, x):
        clamp = self.profile.get('clamp', {'min': 0, 'max': 100})
        if clamp['min'] is not None:
            x = max(x, frac(clamp['min']))
        if clamp['max'] is not None:
            x = min(x, frac(clamp['max']))
        return x

    def percent(self, earned, possible):
        return earned if self.agg['kind'] == 'deduct-from-100' else 100 * earned / possible

    def part(self, reqs):
        earned, possible, counts = self.sums(reqs)
        rated = counts['applicable'] > 0 and counts['notAssessed'] == 0 and possible > 0
        value = self.clamp(self.percent(earned, possible)) if rated else None
        return {'status': 'rated' if rated else 'not-rated', 'points': points(value), 'earned': points(earned),
                'possible': points(possible), 'counts': counts}

    def penalties(self):
        out = []
        for penalty in self.profile.get('penalties', []):
            on, times = penalty['on'], 0
            for r in self.reqs:
                option = self.counted[r['code']]
                if option is None:
                    continue
                if 'answer' in on:
                    hit = option['code'] == on['answer']
                elif 'grade' in on:
                    hit = option['conformity'] != 'not-applicable' and grade_of(r, option) == on['grade']
                else:
                    hit = r.get('required', False) and option['conformity'] == 'nonconforming'
                times += hit
            taken = (min(times, 1) if penalty.get('once') else times) * frac(penalty['percentOfMax'])
            out.append({'times': times, 'points': points(taken)})
        return out

    def raw(self):
        """Points before the clamp over what is answered; None when nothing can be rated."""
        earned, possible, counts = self.sums(self.reqs)
        if counts['applicable'] == counts['notAssessed'] or possible == 0:
            return None
        return self.percent(earned, possible) - sum(frac(p['points']) for p in self.penalties())

    def provisional(self):
        raw = self.raw()
        return None if raw is None else self.clamp(raw)

    def finding(self, r):
        response = self.given.get(r['code'])
        if response is None:
            return None
        option = self.options[response['answer']]
        return None if option['conformity'] == 'not-applicable' else grade_of(r, option)

    def closed(self, r):
        return 'closedOn' in self.given.get(r['code'], {})

    def in_section(self, code):
        return [r for r in self.reqs if code in ancestry(self.checklist, r['section'])]

    def short(self, reqs):
        return [r['code'] for r in reqs if self.conformity(r['code']) in ('partly', 'nonconforming')]

    def gate(self, gate, scored, sections):
        def reach(actual):
            return actual > gate['value'] if gate.get('op') == '>' else actual >= gate['value']

        def verdict(holds, actual, reason, **why):
            return {'holds': holds, 'actual': actual, 'reason': 'holds' if holds else reason, **({} if holds else why)}
        nothing = {'holds': None, 'actual': None, 'reason': 'not-rated'}
        if not scored:
            return {**nothing, 'reason': 'not-scorable'}
        kind = gate['gate']
        of_class = [r for r in self.reqs if r.get('class') == gate.get('class', '')]
        if kind == 'points':
            value = points(self.provisional())
            return verdict(reach(value), value, 'points-below', requirements=self.short(self.reqs))
        if kind == 'earned':
            reqs = self.in_section(gate['section']) if 'section' in gate else self.reqs
            part = self.part(reqs)
            if part['points'] is None:
                return nothing
            why = {'sections': [gate['section']]} if 'section' in gate else {}
            return verdict(reach(part['earned']), part['earned'], 'earned-below', requirements=self.short(reqs), **why)
        if kind == 'every-section':
            rated = {s['section']: s['points'] for s in sections if s['points'] is not None}
            low = [s for s, p in rated.items() if not reach(p)]
            within = [r for r in self.reqs if set(low) & set(ancestry(self.checklist, r['section']))]
            return verdict(not low, min(rated.values()), 'section-below', sections=low, requirements=self.short(within)) if rated else nothing
        if kind == 'section':
            part = self.part(self.in_section(gate['section']))
            if part['points'] is None:
                return nothing
            return verdict(reach(part['points']), part['points'], 'section-below', sections=[gate['section']],
                           requirements=self.short(self.in_section(gate['section'])))
        if kind == 'class':
            part = self.part(of_class)
            if part['points'] is None:
                return nothing
            return verdict(reach(part['points']), part['points'], 'class-below', requirements=self.short(of_class))
        if kind == 'max-findings':
            hits = [r['code'] for r in self.reqs if self.finding(r) == gate['grade']
                    and not (gate.get('open') and self.view == 'after-closure' and self.closed(r))]
            return verdict(len(hits) <= gate['max'], len(hits), 'too-many-findings', requirements=hits)
        if kind == 'max-nonconforming-in-class':
            if not of_class:
                return nothing
            hits = [r['code'] for r in of_class if self.conformity(r['code']) == 'nonconforming']
            return verdict(len(hits) <= gate['max'], len(hits), 'too-many-nonconforming', requirements=hits)
        required = [r for r in self.reqs if r.get('required')]
        if not required:
            return nothing
        return verdict(not self.short(required), len(self.short(required)), 'required-not-conforming', requirements=self.short(required))

    def output(self):
        earned, possible, counts = self.sums(self.reqs)
        provisional = self.provisional()
        scored = provisional is not None and counts['notAssessed'] == 0
        value = points(provisional) if scored else None
        sections = [{'section': s['code'], **self.part(self.in_section(s['code']))} for s in self.checklist['sections']]
        names = list(self.agg.get('classes', []))
        if self.agg.get('deduct', {}).get('by') == 'class':
            names += self.agg['deduct']['points']
        names += [g['class'] for g in self.profile.get('gates', []) if 'class' in g]
        names += [r['class'] for r in self.reqs if 'class' in r]
        classes = [{'class': c, **self.part([r for r in self.reqs if r.get('class') == c])} for c in dict.fromkeys(names)]
        gates = [self.gate(g, scored, sections) for g in self.profile.get('gates', [])]
        judged = [g['holds'] for g in gates if g['holds'] is not None]
        bands = [b for b in self.profile.get('grades', []) if value is not None and b['min'] <= value]
        found = [(self.finding(r), self.view == 'after-closure' and self.closed(r)) for r in self.reqs]
        items = []
        for r in self.reqs:
            effect = 0
            if provisional is not None and self.conformity(r['code']) in RATED:
                better = Scored(self.a, self.view, self.only, r['code']).provisional()
                effect = (micro(better) - micro(provisional)) / 1e6
            items.append({'requirement': r['code'], 'conformity': self.conformity(r['code']),
                          'findingGrade': self.finding(r), 'effect': effect, 'closed': self.closed(r)})
        return {
            'format': 'uplift.score/1',
            'checklist': {k: self.checklist[k] for k in ('checklist', 'version')},
            'profile': {k: self.profile[k] for k in ('profile', 'version')},
            'level': self.a['level'], 'view': self.view,
            'status': 'scored' if scored else 'not-scorable',
            'reason': 'unanswered-requirements' if counts['notAssessed'] else 'no-applicable-requirement'
                      if counts['applicable'] == 0 else None if scored else 'nothing-to-rate',
            'points': value, 'provisionalPoints': points(provisional),
            'grade': max(bands, key=lambda b: b['min'])['label'] if bands else None,
            'passed': all(judged) if judged else None,
            'earned': points(earned), 'possible': points(possible), 'counts': counts,
            'findings': {g: sum(f == g for f, _ in found) for g in GRADES},
            'openFindings': {g: sum(f == g and not closed for f, closed in found) for g in GRADES},
            'sections': sections, 'classes': classes, 'penalties': self.penalties(), 'gates': gates, 'items': items,
            'clamped': provisional is not None and micro(provisional) != micro(self.raw()),
        }


WORST = ['not-applicable', 'conforming', 'partly', 'nonconforming', 'not-assessed']


def edition(checklist):
    return f"{checklist['checklist']}@{checklist['version']}"


def ruler(profile):
    """What of a profile makes points."""
    return json.dumps([profile['profile'], profile['aggregation'], profile.get('penalties', []), profile.get('clamp', {'min': 0, 'max': 100}),
                       sorted([a['code'], a['conformity'], a.get('credit'), a.get('rank'), a.get('grade')] for a in profile['answers'])],
                      sort_keys=True)


def gain(inp):
    b, f = inp['baseline'], inp['followUp']
    refuse = lambda reason: {'format': 'uplift.gain/1', 'comparable': False, 'reason': reason}
    days = (datetime.date.fromisoformat(f['date']) - datetime.date.fromisoformat(b['date'])).days
    if days < 0:
        return refuse('follow-up-before-baseline')
    if ruler(b['profile']) != ruler(f['profile']):
        return refuse('different-profiles')
    walk, pair = inp.get('crosswalk'), (edition(b['checklist']), edition(f['checklist']))
    edges = None
    if pair[0] != pair[1]:
        if walk is None:
            return refuse('different-checklists')
        if pair == (edition(walk['from']), edition(walk['to'])):
            edges = [(e['from'], e['to'], e['comparable']) for e in walk['edges']]
        elif pair == (edition(walk['to']), edition(walk['from'])):
            edges = [(e['to'], e['from'], e['comparable']) for e in walk['edges']]
        else:
            return refuse('crosswalk-mismatch')
    own_b, own_f = Scored(b), Scored(f)
    if own_b.provisional() is None:
        return refuse('not-scorable-baseline')
    if own_f.provisional() is None:
        return refuse('not-scorable-follow-up')
    codes_b, codes_f = [r['code'] for r in own_b.reqs], [r['code'] for r in own_f.reqs]
    if edges is None:
        edges = [([c], [c], True) for c in dict.fromkeys(codes_b + codes_f)]
    worst = lambda codes, own: max((own.conformity(c) for c in codes), key=WORST.index) if codes else None
    s1, s2, s3, moves = [], [], [], {}
    for old, new, comparable in edges:
        o, n = [c for c in old if c in codes_b], [c for c in new if c in codes_f]
        if not o and not n:
            continue
        before, after = worst(o, own_b), worst(n, own_f)
        na = 'not-applicable' in [own_b.conformity(c) for c in o] + [own_f.conformity(c) for c in n]
        because = None
        if not (comparable and o == old and n == new and o and n):
            move = 'not-compared'
            because = ('new-item' if not old else 'dropped-item' if not new else 'meaning-changed' if not comparable else 'other-level')
        elif 'not-assessed' in (before, after):
            s1.append((o, n))
            move, because = 'not-compared', 'not-assessed'
        elif na:
            s1.append((o, n)), s2.append((o, n))
            move = 'scope'
        else:
            s1.append((o, n)), s2.append((o, n)), s3.append((o, n))
            move = {(True, True): 'conforming', (True, False): 'new', (False, True): 'fixed', (False, False): 'persisting'}[
                (before == 'conforming', after == 'conforming')]
        moves[(tuple(o), tuple(n))] = {'baseline': o, 'followUp': n, 'before': before, 'after': after, 'movement': move, 'because': because}
    if not s3:
        return refuse('no-common-items')
    side = lambda a, groups, k: micro(Scored(a, only={c for g in groups for c in g[k]}).provisional())
    bs = [micro(own_b.provisional())] + [side(b, s, 0) for s in (s1, s2, s3)]
    fs = [micro(own_f.provisional())] + [side(f, s, 1) for s in (s1, s2, s3)]
    low = lambda codes: max((own_b.given[c]['answer'] for c in codes), key=lambda a: WORST.index(own_b.options[a]['conformity']))
    restated = [{'requirement': c, 'answer': low(o)} for o, n in s3 for c in n]
    common_b = side({**f, 'responses': restated}, s3, 1)
    step = lambda k: (fs[k] - fs[k + 1]) - (bs[k] - bs[k + 1])
    m = {'baseline': bs[0], 'followUp': fs[0], 'change': fs[0] - bs[0], 'commonBaseline': common_b, 'commonFollowUp': fs[3],
         'realChange': fs[3] - common_b, 'scopeChange': step(2), 'checklistChange': step(0) + common_b - bs[3], 'missingItems': step(1)}
    assert m['change'] == m['realChange'] + m['scopeChange'] + m['checklistChange'] + m['missingItems']
    order = sorted(moves.values(), key=lambda x: codes_f.index(x['followUp'][0]) if x['followUp'] else len(codes_f) + codes_b.index(x['baseline'][0]))
    coached = [b.get('coachedByAssessor'), f.get('coachedByAssessor')]
    return {
        'format': 'uplift.gain/1', 'comparable': True,
        'baselinePoints': bs[0] / 1e6, 'followUpPoints': fs[0] / 1e6, 'changePoints': m['change'] / 1e6,
        'relativeChangePercent': 100 * m['change'] / bs[0] if bs[0] > 0 else None,
        'normalisedGain': m['change'] / (100000000 - bs[0]) if bs[0] < 100000000 else None,
        'daysBetween': days, 'editions': {'baseline': pair[0], 'followUp': pair[1]},
        'crosswalk': walk['status'] if walk and pair[0] != pair[1] else None,
        'provisional': {'baseline': 'not-assessed' in map(own_b.conformity, codes_b), 'followUp': 'not-assessed' in map(own_f.conformity, codes_f)},
        'commonItems': len(s3), 'baselineItems': len(codes_b), 'followUpItems': len(codes_f),
        'commonBaselinePoints': common_b / 1e6, 'commonFollowUpPoints': fs[3] / 1e6,
        'parts': {k: m[k] / 1e6 for k in ('realChange', 'scopeChange', 'checklistChange', 'missingItems')},
        'microPoints': m, 'items': order,
        'sameAssessor': b['assessorId'] == f['assessorId'] if 'assessorId' in b and 'assessorId' in f else None,
        'independence': 'coach-assessed' if True in coached else 'independent' if coached == [False, False] else 'unknown',
    }


def cohort(inp):
    rows = inp['rows']
    ok = [r for r in rows if r['baseline'] is not None and r['followUp'] is not None and r.get('comparable', True)]
    b, f = [frac(r['baseline']) for r in ok], [frac(r['followUp']) for r in ok]
    d = sorted(y - x for x, y in zip(b, f))
    n = len(ok)
    mean = lambda xs: sum(xs, F(0)) / len(xs) if xs else None
    num = lambda x: None if x is None else float(x)

    def mean_of(xs):
        return {'value': num(mean(xs)), 'n': len(xs), 'excluded': n - len(xs)}

    def quantile(p):
        if not d:
            return None
        h = (n - 1) * p
        k = math.floor(h)
        return float(d[k] if h == k else d[k] + (h - k) * (d[k + 1] - d[k]))
    mb, mf, md = mean(b), mean(f), mean(d)
    reasons = {}
    for r in rows:
        if r in ok:
            continue
        reason = (r.get('dropReason') or '').strip() or ('no-baseline' if r['baseline'] is None else 'no-follow-up' if r['followUp'] is None else 'not-comparable')
        reasons[reason] = reasons.get(reason, 0) + 1
    every = [frac(r['baseline']) for r in rows if r['baseline'] is not None]
    return {
        'format': 'uplift.cohort/1',
        'nEnrolled': len(rows), 'nBaseline': len(every), 'nFollowUp': sum(r['followUp'] is not None for r in rows), 'nMatched': n,
        'meanBaseline': num(mb), 'meanFollowUp': num(mf), 'meanChangePoints': num(md),
        'sdChange': math.sqrt(sum((x - md) ** 2 for x in d) / (n - 1)) if n > 1 else None,
        'changeOfMeansPercent': float(100 * (mf - mb) / mb) if n and mb > 0 else None,
        'meanOfRelativeChangesPercent': mean_of([100 * (y - x) / x for x, y in zip(b, f) if x > 0]),
        'normalisedGain': float((mf - mb) / (100 - mb)) if n and mb < 100 else None,
        'meanNormalisedGain': mean_of([(y - x) / (100 - x) for x, y in zip(b, f) if x < 100]),
        'improved': sum(x > 0 for x in d), 'same': sum(x == 0 for x in d), 'worse': sum(x < 0 for x in d),
        'meanBaselineOfAll': num(mean(every)), 'median': quantile(F(1, 2)), 'q1': quantile(F(1, 4)), 'q3': quantile(F(3, 4)),
        'attrition': {'dropped': len(rows) - n, 'reasons': reasons},
    }


def load(source, folder):
    """Content inline, from a file, or shipped with the product (needs PyYAML)."""
    if 'format' in source:
        return source
    if 'file' in source:
        with open(os.path.join(folder, source['file'])) as file:
            return json.load(file)
    import yaml
    if 'profile' in source:
        path = f"profiles/{source['profile']}.yaml"
    elif 'from' in source:
        path = f"{source['checklist']}/{source['from']}-{source['to']}.crosswalk.yaml"
    else:
        path = f"{source['checklist']}/{source['version']}.yaml"
    with open(os.path.join(SHIPPED, path)) as file:
        return yaml.load(file, Loader=yaml_1_2(yaml))


def yaml_1_2(yaml):
    """PyYAML reads YAML 1.1, in which the key "on" is a boolean; the content is YAML 1.2, in which it is a word."""
    class Loader(yaml.SafeLoader):
        pass
    Loader.yaml_implicit_resolvers = {
        c: [(tag, pattern) for tag, pattern in pairs if tag != 'tag:yaml.org,2002:bool' or c in 'tTfF']
        for c, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()}
    return Loader


def compute(command, inp, folder):
    ready = lambda a: {**a, 'checklist': load(a['checklist'], folder), 'profile': load(a['profile'], folder)}
    if command == 'score':
        return Scored(ready(inp), inp.get('view', 'as-found')).output()
    if command == 'gain':
        walk = {'crosswalk': load(inp['crosswalk'], folder)} if 'crosswalk' in inp else {}
        return gain({'baseline': ready(inp['baseline']), 'followUp': ready(inp['followUp']), **walk})
    return cohort(inp)


def differences(expected, actual, at=''):
    """Where `actual` is not what is expected; what is not expected is not compared. Numbers within 0.000001."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return [d for k, v in expected.items() for d in differences(v, actual.get(k, '(absent)'), f'{at}/{k}')]
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return [d for i, v in enumerate(expected) for d in differences(v, actual[i], f'{at}/{i}')]
    number = lambda x: isinstance(x, (int, float)) and not isinstance(x, bool)
    if number(expected) and number(actual):
        return [] if abs(expected - actual) <= 1.000001e-6 else [f'{at}: expected {expected}, computed {actual}']
    return [] if expected == actual else [f'{at}: expected {expected!r}, computed {actual!r}']


def main():
    ran = failed = 0
    for name in sorted(os.listdir(HERE)):
        folder = os.path.join(HERE, name)
        if not os.path.exists(os.path.join(folder, 'expected.json')):
            continue
        with open(os.path.join(folder, 'expected.json')) as file:
            expected = json.load(file)
        if 'output' not in expected:
            continue
        with open(os.path.join(folder, 'input.json')) as file:
            inp = json.load(file)
        try:
            out = differences(expected['output'], compute(expected['command'], inp, folder))
        except ImportError:
            print(f'skipped {name}: it needs PyYAML')
            continue
        ran += 1
        if out:
            failed += 1
            print(f'FAILED {name}', *out, sep='\n  ')
    print(f'{ran} vectors, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())

import fc from 'fast-check';
import ICAL from 'ical.js';
import { invitationContentType, invitationIcs } from './invitation.js';
import type { InvitationInput } from './invitation.js';

const input: InvitationInput = {
  uid: 'visit-1@uplift.example',
  sequence: 0,
  method: 'REQUEST',
  date: '2026-03-29',
  summary: 'Visit: Nile Foods; Basic, follow-up',
  description: 'First line, with comma;\nsecond line \\ backslash\n\nالزيارة',
  location: 'Nile Foods, 12 Corniche; Cairo',
  organiser: { name: 'Uplift, "planning"', email: 'planning@uplift.example' },
  attendees: [
    { name: 'Amal Saïd', email: 'amal@example.org' },
    { name: 'Zoë; Ltd', email: 'zoe@example.org' },
  ],
  stamp: new Date('2026-01-02T03:04:05Z'),
};

function read(ics: string) {
  const calendar = new ICAL.Component(ICAL.parse(ics) as unknown[]);
  const component = calendar.getFirstSubcomponent('vevent')!;
  return { calendar, component, event: new ICAL.Event(component) };
}

describe('invitationIcs', () => {
  it('is read back by another parser as it was meant', () => {
    const { calendar, component, event } = read(invitationIcs(input));
    expect(calendar.getFirstPropertyValue('method')).toBe('REQUEST');
    expect(calendar.getFirstPropertyValue('version')).toBe('2.0');
    expect(calendar.getAllSubcomponents('vevent')).toHaveLength(1);
    expect(event.uid).toBe(input.uid);
    expect(event.sequence).toBe(0);
    expect(event.summary).toBe(input.summary);
    expect(event.description).toBe(input.description);
    expect(event.location).toBe(input.location);
    expect(event.startDate.isDate).toBe(true);
    expect(event.startDate.toString()).toBe('2026-03-29');
    expect(event.endDate.isDate).toBe(true);
    expect(event.endDate.toString()).toBe('2026-03-30');
    expect(component.getFirstPropertyValue('status')).toBe('CONFIRMED');
    expect(String(component.getFirstPropertyValue('dtstamp'))).toBe('2026-01-02T03:04:05Z');

    const organiser = component.getFirstProperty('organizer')!;
    expect(organiser.getFirstValue()).toBe('mailto:planning@uplift.example');
    expect(organiser.getFirstParameter('cn')).toBe("Uplift, 'planning'");
    const attendees = component.getAllProperties('attendee');
    expect(attendees.map((each) => String(each.getFirstValue()).toLowerCase())).toEqual([
      'mailto:amal@example.org',
      'mailto:zoe@example.org',
    ]);
    expect(attendees.map((each) => each.getFirstParameter('cn'))).toEqual(['Amal Saïd', 'Zoë; Ltd']);
    expect(attendees[0]!.getFirstParameter('rsvp')).toBe('TRUE');
    expect(attendees[0]!.getFirstParameter('partstat')).toBe('NEEDS-ACTION');
  });

  it('is well formed: all-day dates, CRLF, lines of at most 75 octets', () => {
    const ics = invitationIcs(input);
    expect(ics).toContain('DTSTART;VALUE=DATE:20260329\r\n');
    expect(ics).toContain('DTEND;VALUE=DATE:20260330\r\n');
    expect(ics.endsWith('END:VCALENDAR\r\n')).toBe(true);
    expect(ics.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    for (const line of ics.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
    expect(invitationContentType('REQUEST')).toBe('text/calendar; charset=utf-8; method=REQUEST');
  });

  it('gives the same text for the same input', () => {
    expect(invitationIcs(input)).toBe(invitationIcs(input));
  });

  it('cancels under the same uid with a higher sequence', () => {
    const { calendar, component, event } = read(invitationIcs({ ...input, method: 'CANCEL', sequence: 2 }));
    expect(calendar.getFirstPropertyValue('method')).toBe('CANCEL');
    expect(component.getFirstPropertyValue('status')).toBe('CANCELLED');
    expect(event.uid).toBe(input.uid);
    expect(event.sequence).toBe(2);
  });

  it('covers all the days of a longer visit, across the end of the year', () => {
    const { event } = read(invitationIcs({ ...input, date: '2026-12-30', lastDate: '2026-12-31' }));
    expect([event.startDate.toString(), event.endDate.toString()]).toEqual(['2026-12-30', '2027-01-01']);
  });

  it.each<[string, Partial<InvitationInput>]>([
    ['/date', { date: '2026-02-30' }],
    ['/date', { date: '29/03/2026' }],
    ['/lastDate', { lastDate: '2026-03-28' }],
    ['/sequence', { sequence: -1 }],
    ['/uid', { uid: 'a\r\nATTACH:x' }],
    ['/organiser/email', { organiser: { name: 'X', email: 'x@example.org\r\nATTACH:y' } }],
    ['/attendees/0/email', { attendees: [{ name: 'X', email: 'nobody' }] }],
  ])('says no to a wrong %s (%#)', (field, changes) => {
    expect(() => invitationIcs({ ...input, ...changes })).toThrow(
      expect.objectContaining({ code: 'invitation-invalid', fields: [expect.objectContaining({ field })] }),
    );
  });

  it('carries any text through, and lets none out of its place', () => {
    const words = fc
      .array(
        fc.constantFrom(
          'a',
          ' ',
          ',',
          ';',
          ':',
          '\\',
          '\n',
          '\r\n',
          '"',
          'é',
          '日',
          '😀',
          'ع',
          '\0',
          '\u001b',
          '\\n',
          'END:VEVENT',
        ),
      )
      .map((parts) => parts.join(''));
    const shown = (text: string): string =>
      text.replace(/\r\n?/g, '\n').replace(/\p{Cc}/gu, (c) => (c === '\n' ? c : ''));
    fc.assert(
      fc.property(words, words, words, words, (summary, description, location, name) => {
        const ics = invitationIcs({
          ...input,
          summary: `s${summary}`,
          description: `d${description}`,
          location: `l${location}`,
          attendees: [{ name: `n${name}`, email: 'a@example.org' }],
        });
        const { calendar, component, event } = read(ics);
        expect(calendar.getAllSubcomponents('vevent')).toHaveLength(1);
        expect(event.summary).toBe(shown(`s${summary}`));
        expect(event.description).toBe(shown(`d${description}`));
        expect(event.location).toBe(shown(`l${location}`));
        expect(component.getAllProperties('attendee')).toHaveLength(1);
      }),
    );
  });
});

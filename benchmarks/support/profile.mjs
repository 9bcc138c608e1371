import { Session } from 'node:inspector/promises';

/**
 * CPU time of this thread while `work` runs, by package (or part of the product), by function, and by function with all
 * it calls. `work` returns how many requests it made; times are per request.
 */
export async function profiled(work) {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 500 });
  await session.post('Profiler.start');
  const requests = await work();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(
    profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id])),
  );
  const self = new Map();
  profile.samples.forEach((id, index) => self.set(id, (self.get(id) ?? 0) + profile.timeDeltas[index]));
  const functions = new Map();
  const packages = new Map();
  const inclusive = new Map();
  let busy = 0;
  for (const [id, time] of self) {
    const node = nodes.get(id);
    if (['(idle)', '(root)'].includes(node.callFrame.functionName) || ownTool(id)) continue;
    busy += time;
    add(functions, nameOf(node), time);
    add(packages, packageOf(node.callFrame) ?? ownerOf(id), time);
    const seen = new Set();
    for (let at = id; at !== undefined; at = parents.get(at)) seen.add(nameOf(nodes.get(at)));
    for (const name of seen) add(inclusive, name, time);
  }
  function ownTool(id) {
    for (let at = id; at !== undefined; at = parents.get(at))
      if (nodes.get(at).callFrame.url === 'node:inspector') return true;
    return false;
  }
  function ownerOf(id) {
    for (let at = id; at !== undefined; at = parents.get(at)) {
      const owner = packageOf(nodes.get(at).callFrame);
      if (owner) return owner;
    }
    return 'node';
  }
  const top = (map, count) =>
    [...map]
      .sort(([, a], [, b]) => b - a)
      .slice(0, count)
      .map(
        ([name, time]) =>
          `${(time / 1000 / requests).toFixed(2)} ms (${((100 * time) / busy).toFixed(0)} %) ${name}`,
      );
  return {
    busy: `${(busy / 1000 / requests).toFixed(2)} ms a request, ${requests} requests`,
    packages: top(packages, 15),
    functions: top(functions, 25),
    inclusive: top(inclusive, 30),
  };
}

const add = (map, key, time) => map.set(key, (map.get(key) ?? 0) + time);

function packageOf({ url }) {
  const found = /node_modules\/((?:@[^/]+\/)?[^/]+)/g;
  const names = [...url.matchAll(found)];
  if (names.length > 0) return names.at(-1)[1];
  return /dist\/((?:apps|libs)\/[^/]+)/.exec(url)?.[1];
}

const nameOf = ({ callFrame: { functionName, url, lineNumber } }) =>
  `${functionName || '(anonymous)'} ${url.replace(/^.*\/(node_modules|dist)\//, '')}:${lineNumber + 1}`;

// Fails when a package the product runs on has a known weakness that is high or critical. Where the registry doesn't
// answer such questions (no network, a mirror without them) that is said, and nothing fails: no answer is no weakness.
import { spawnSync } from 'node:child_process';

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--audit-level=high', '--json'], {
  encoding: 'utf8',
  timeout: 60_000,
  maxBuffer: 64 * 1024 * 1024,
  shell: process.platform === 'win32',
});
let report;
try {
  report = JSON.parse(stdout) ?? {};
} catch {
  report = {};
}
const counts = report.metadata?.vulnerabilities;
if (!counts) {
  console.log(`Not audited: the registry gave no answer${report.message ? ` (${report.message})` : ''}.`);
} else {
  const grave = Object.values(report.vulnerabilities ?? {}).filter(({ severity }) =>
    ['high', 'critical'].includes(severity),
  );
  for (const { name, severity, range, fixAvailable } of grave)
    console.error(`${name} ${range}: ${severity}${fixAvailable ? ', a newer version has it mended' : ''}`);
  console.log(`Known weaknesses: ${JSON.stringify(counts)}`);
  process.exitCode = grave.length > 0 ? 1 : 0;
}

/** Runs the benchmark named on the command line and sends its result to scripts/bench.mjs. */
const name = process.argv[2];
const module = await import(name === 'prepare' ? './prepare.mjs' : `../${name}.mjs`);
const result = await module.default();
process.send(result, () => process.exit(0));

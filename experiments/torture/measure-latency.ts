/** Entry of a fresh process: measures one model beside the baseline as a trial does, and prints the result as JSON. */
import { readFileSync } from 'node:fs';
import { createRng } from '../../src/core/rng.ts';
import { openSession } from '../../src/network/engine/session.ts';
import { measureLatency } from '../../src/network/metrics/latency.ts';

const [candidate, baseline, sizes] = process.argv.slice(2) as [string, string, string];
const shape = [1, ...sizes.split('x').map(Number)];
const rng = createRng('image');
const data = Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => rng.normal());
const result = await measureLatency({
  candidate: readFileSync(candidate),
  baseline: readFileSync(baseline),
  input: { name: 'x', shape, kinds: [{ share: 1, images: [data] }] },
  open: openSession,
  processorTime: () => process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000,
});
console.log(JSON.stringify(result));

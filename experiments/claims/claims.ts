/**
 * What the documents on compression claim, and what is measured here, on Fashion-MNIST:
 *
 *   npx tsx experiments/claims/claims.ts [--seeds 3] [--workers 1] [--only wide-*,int8] [--again]
 *   npx tsx experiments/claims/claims.ts --latency     only measures the kept files again; wants a quiet machine
 *   npx tsx experiments/claims/claims.ts --report      only writes the tables from what there is
 *
 * Every trial runs through the machinery of `nas search`. Results are kept one by one in results/claims/trials.ndjson: what
 * is there is not trained again, but with --again. Writes results/claims/claims.md and .svg.
 */
import { parseArgs } from 'node:util';
import { compileGlob } from '../../src/search/space/file/glob.ts';
import { jobsOf } from './jobs.ts';
import { writeReport } from './report.ts';
import { readTrials } from './results.ts';
import { rows } from './rows/index.ts';
import { runJobs } from './run.ts';
import { measureTimes } from './times.ts';

const { values: flags } = parseArgs({
  options: {
    seeds: { type: 'string', default: '3' },
    workers: { type: 'string', default: '1' },
    only: { type: 'string', default: '*' },
    again: { type: 'boolean', default: false },
    latency: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
    'skip-latency': { type: 'boolean', default: false },
  },
});
const say = (line: string) => console.log(line);
const all = Array.from({ length: Number(flags.seeds) }, (_, i) => [...rows.values()].flatMap((row) => jobsOf(row, i + 1))).flat();

const patterns = flags.only.split(',').map((pattern) => compileGlob(pattern)!);
const wanted = all.filter(({ row }) => patterns.some((each) => each(row)));

if (!flags.report && !flags.latency) {
  const known = readTrials();
  await runJobs(
    wanted.filter(({ key }) => flags.again || !known.has(key)),
    { workers: Number(flags.workers), say },
  );
}
if (!flags.report && !flags['skip-latency']) await measureTimes(wanted, say);
await writeReport(all);

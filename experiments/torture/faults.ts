/**
 * Fault injection: studies whose trials throw, hang, exhaust heap or memory, crash natively or measure nothing, at random, on a
 * real trial host. Every trial must be accounted for, each as what it did.
 *
 *   npx tsx experiments/torture/faults.ts [--trials 120] [--seed 1]
 *
 * Writes results/torture/faults.json and faults.md.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRng } from '../../src/core/rng.ts';
import { createPoolExecutor } from '../../src/executors/index.ts';
import { createMemoryStore } from '../../src/store/index.ts';
import { type FaultyStudy, faults, runFaulty } from '../../test/fixtures/faults.ts';
import { machine } from '../search-quality/machine.ts';

const { values } = parseArgs({ options: { trials: { type: 'string', default: '120' }, seed: { type: 'string', default: '1' } } });
const results = fileURLToPath(new URL('../../results/torture', import.meta.url));
const rng = createRng('faults', values.seed);
const names = Object.keys(faults);
const behaviours = ['succeed', ...Array.from({ length: Number(values.trials) - 1 }, () => rng.pick(names))];

const folder = mkdtempSync(join(tmpdir(), 'espalier-faults-'));
const warnings: string[] = [];
const executor = createPoolExecutor({
  slots: 2,
  setup: { folder, prepare: 'well' },
  planOf: (candidate) => ({ recipe: candidate, techniques: {} }),
  module: new URL('../../test/fixtures/trial-module.ts', import.meta.url),
  deadlineMs: 4000,
  graceMs: 1000,
  maxRssMb: 400,
  warn: (message) => warnings.push(message),
});
try {
  const startedAt = performance.now();
  await executor.open(() => undefined);
  const study = await runFaulty(createMemoryStore(), executor, behaviours);
  report(study, (performance.now() - startedAt) / 60_000);
} finally {
  await executor.close();
  rmSync(folder, { recursive: true, force: true });
}

function report({ rows, told, toldInfeasible, reason }: FaultyStudy, minutes: number): void {
  const wrong = rows.filter(({ expected, found }) => expected !== found);
  const byBehaviour = names.map((behaviour) => {
    const own = rows.filter((row) => row.behaviour === behaviour);
    const found = [...new Set(own.map((row) => row.found))].join(', ');
    return { behaviour, trials: own.length, expected: faults[behaviour]!, found };
  });
  const restarts = warnings.filter((text) => text.includes('started again')).length;
  const facts = {
    ...machine(),
    minutes,
    seed: values.seed,
    asked: behaviours.length,
    recorded: rows.length,
    restarts,
    told,
    toldInfeasible,
  };
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, 'faults.json'), `${JSON.stringify({ ...facts, reason, wrong, byBehaviour }, null, 2)}\n`);
  const markdown = `# Fault injection

${facts.date}, ${facts.machine}; two worker threads, seed ${values.seed}, ${minutes.toFixed(1)} min. ${rows.length} of ${behaviours.length} trials are accounted for, ${wrong.length} as
something else than what they did; the trial host was started again ${restarts} times. Of ${told} results that the controller was told,
${toldInfeasible} were infeasible. The study ended because: ${reason}.

| what a trial did | trials | to be recorded as | recorded as |
|---|---|---|---|
${byBehaviour.map((row) => `| ${row.behaviour} | ${row.trials} | ${row.expected} | ${row.found} |`).join('\n')}
`;
  writeFileSync(join(results, 'faults.md'), markdown);
  console.log(markdown);
  if (wrong.length > 0 || rows.length !== behaviours.length) process.exitCode = 1;
}

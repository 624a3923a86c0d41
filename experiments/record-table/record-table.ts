/**
 * Trains and measures every candidate of a small space once, and a part of them again with other seeds: the recorded table,
 * which `nas bench` replays in place of training.
 *
 *   npx tsx experiments/record-table/record-table.ts [--space space|longer] [--workers 1] [--repeats 200]
 *
 * Takes about a second per candidate and core, `longer` six. Stop it whenever you like (Ctrl-C): the same command goes on.
 * Writes results/recorded-table/fashion-resnet6.{json.gz,md}, or fashion-resnet6-longer, as soon as every candidate is measured.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { keyFunction, loadSpace, predictFunction } from '../../src/cli/compose.ts';
import { baselineFolder } from '../../src/cli/folders.ts';
import { meaningOf } from '../../src/cli/meaning.ts';
import { anchorWish, startingTrials } from '../../src/cli/start.ts';
import type { Candidate } from '../../src/core/candidate.ts';
import type { Executor } from '../../src/core/executor.ts';
import type { Json } from '../../src/core/json.ts';
import { createRng } from '../../src/core/rng.ts';
import { createPoolExecutor } from '../../src/executors/index.ts';
import type { ModelSpec } from '../../src/network/models/index.ts';
import { enumerate } from '../../src/search/space/count.ts';
import type { PreparedFacts } from '../../src/trial/prepare.ts';
import type { TrialSetup } from '../../src/trial/setup.ts';
import { describeTable } from './describe.ts';
import { Journal, metricNames } from './journal.ts';
import { tableOf } from './pack.ts';
import { type MeasuredRung, sharesOf } from './rungs.ts';

const { values } = parseArgs({
  options: {
    space: { type: 'string', default: 'space' },
    workers: { type: 'string', default: '1' },
    repeats: { type: 'string', default: '200' },
  },
});

const space = loadSpace(fileURLToPath(new URL(`./${values.space}.yaml`, import.meta.url)));
const shares = sharesOf[values.space]!;
const model = space.model as unknown as ModelSpec;
const keyOf = keyFunction(model, space.space);
const results = fileURLToPath(new URL('../../results/recorded-table', import.meta.url));
mkdirSync(results, { recursive: true });
const journal = new Journal(join(results, `${space.name}.${space.hash.slice(0, 8)}.ndjson`));

/** The first candidate of every network. */
const rows = new Map<string, { readonly row: number; readonly candidate: Candidate }>();
for (const candidate of enumerate(space.space)) {
  const key = keyOf(candidate);
  if (!rows.has(key)) rows.set(key, { row: rows.size, candidate });
}

interface Task {
  readonly row: number;
  readonly repeat: number;
  readonly candidate: Candidate;
}

/** In an order by chance, so that a part of them is a fair sample; the repeats come after all of them. */
function tasks(): Task[] {
  const order = createRng(space.name, 'order').shuffle([...rows.values()]);
  const repeats = order.slice(0, Number(values.repeats));
  const all = [...order.map((entry) => ({ ...entry, repeat: 0 })), ...repeats.map((entry) => ({ ...entry, repeat: 1 }))];
  return all.filter(({ row, repeat }) => !journal.has(row, repeat));
}

async function record(executor: Executor): Promise<void> {
  const queue = tasks();
  const startedAt = performance.now();
  let done = 0;
  const worker = async () => {
    for (let task = queue.shift(); task; task = queue.shift()) {
      if (!(await measure(executor, task))) return;
      done++;
      const perTask = (performance.now() - startedAt) / 1000 / done;
      if (done % 10 === 0)
        console.log(`${done} measured, ${queue.length} left, about ${((queue.length * perTask) / 60).toFixed(0)} min`);
    }
  };
  await Promise.all(Array.from({ length: executor.slots }, worker));
}

/** False when it was stopped. */
async function measure(executor: Executor, { row, repeat, candidate }: Task): Promise<boolean> {
  const rung = { index: 0, ends: shares };
  const request = { trial: row, attempt: 1, candidate, seed: `table-${repeat}/${row}`, rung };
  const outcome = await executor.run(request, { started: () => {}, progress: () => {} });
  if (outcome.state === 'aborted') return false;
  if (outcome.state === 'failed') throw new Error(`row ${row} failed: ${outcome.code}: ${outcome.message}`);
  const { rungs } = outcome.details as unknown as { readonly rungs: readonly MeasuredRung[] };
  journal.add({ row, repeat, rungs });
  return true;
}

const artefactFolder = mkdtempSync(join(tmpdir(), 'espalier-table-'));
const { data, baseline, trial } = space;
const setup: TrialSetup = {
  model: space.model,
  data,
  baseline,
  trial,
  metrics: metricNames,
  artefactFolder,
  baselineFolder: baselineFolder(),
  threads: availableParallelism(),
};
const executor = createPoolExecutor({
  slots: Number(values.workers),
  setup: setup as unknown as Json,
  planOf: meaningOf(space.space).plan,
  module: new URL('./trial.ts', import.meta.url),
  warn: console.warn,
});
process.once('SIGINT', () => executor.stop());
try {
  const facts = await executor.open(() => {});
  await record(executor);
  if (journal.entries.filter(({ repeat }) => repeat === 0).length === rows.size) {
    const rowOf = [...enumerate(space.space)].map((candidate) => rows.get(keyOf(candidate))!.row);
    const predict = predictFunction(model, space.space, (facts as unknown as PreparedFacts).data);
    const context = { model, space: space.space, goal: space.goal, keyOf, predict, say: console.log };
    const anchors = startingTrials(context, [anchorWish(context)]);
    const table = tableOf({ space, shares, rowOf, anchors, entries: journal.entries, prepared: facts });
    writeFileSync(join(results, `${space.name}.json.gz`), gzipSync(JSON.stringify(table), { level: 9 }));
    writeFileSync(join(results, `${space.name}.md`), describeTable(table, `${values.space}.yaml`));
  }
} finally {
  await executor.close();
  rmSync(artefactFolder, { recursive: true, force: true });
}

/**
 * How well the time of a candidate is known before it is trained: the layer times that a search learns from 72 networks, and
 * other candidates of the same space, drawn by chance, that are timed beside them. Also by their multiply-accumulates and
 * bytes, which are what people take for it.
 *
 *   npx tsx experiments/layer-times/layer-times.ts [--others 72]
 *
 * Trains each space's baseline where no search has yet (minutes), then takes half a minute a space. Writes
 * results/layer-times/layer-times.json and layer-times.md.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadSpace, predictFunction, structureFunction } from '../../src/cli/compose.ts';
import { baselineFolder } from '../../src/cli/folders.ts';
import { layerTimesOf } from '../../src/cli/layer-times.ts';
import { meaningOf } from '../../src/cli/meaning.ts';
import type { Executor } from '../../src/core/executor.ts';
import type { Json } from '../../src/core/json.ts';
import type { Metrics } from '../../src/core/objective.ts';
import { createRng } from '../../src/core/rng.ts';
import { createPoolExecutor } from '../../src/executors/index.ts';
import type { ModelSpec } from '../../src/network/models/index.ts';
import { median, quantile, rankCorrelation } from '../../src/search/bench/statistics.ts';
import { sample } from '../../src/search/space/sample.ts';
import type { PreparedFacts } from '../../src/trial/prepare.ts';
import type { TrialSetup } from '../../src/trial/setup.ts';
import { machine } from '../search-quality/machine.ts';

const { values } = parseArgs({ options: { others: { type: 'string', default: '72' } } });
const spaces = ['quick.yaml', 'resnet.yaml', 'mobilenet.yaml'];
const results = fileURLToPath(new URL('../../results/layer-times', import.meta.url));
mkdirSync(results, { recursive: true });
const artefactFolder = mkdtempSync(join(tmpdir(), 'espalier-layer-times-'));

interface Found {
  readonly space: string;
  readonly networks: number;
  readonly seconds: number;
  /** As the search states it: 95 % of others within it. */
  readonly stated: number;
  readonly others: number;
  /** Of the others' times: the fastest and the slowest, relative to the dense network. */
  readonly range: readonly [number, number];
  readonly medianError: number;
  readonly error95: number;
  /** Spearman's, with the time measured. */
  readonly correlation: { readonly table: number; readonly macs: number; readonly size: number };
}

async function look(name: string): Promise<Found> {
  const { space, model: spec, data, baseline, trial } = loadSpace(name);
  const setup: TrialSetup = {
    model: spec,
    data,
    baseline,
    trial,
    metrics: [],
    artefactFolder,
    baselineFolder: baselineFolder(),
    threads: availableParallelism(),
  };
  const executor = createPoolExecutor({
    slots: 1,
    setup: setup as unknown as Json,
    planOf: meaningOf(space).plan,
    warn: console.warn,
  });
  try {
    const facts = (await executor.open(() => {})) as unknown as PreparedFacts;
    const model = spec as unknown as ModelSpec;
    const structureOf = structureFunction(model, space, facts.data);
    const times = await layerTimesOf({ executor, space, baseline: facts.baseline.hash, structureOf, progress: () => {} });
    if (times === undefined || times === 'stopped') throw new Error(`${name}: no layer times`);
    const predict = predictFunction(model, space, facts.data, { times });
    const rng = createRng('layer times, others');
    const pairs: { readonly foreseen: Metrics; readonly measured: Metrics }[] = [];
    for (let i = 0; i < Number(values.others); i++) {
      const candidate = sample(space, rng);
      const foreseen = predict(candidate);
      if (foreseen) pairs.push({ foreseen, measured: await time(executor, candidate, i) });
    }
    return summaryOf(name, times, pairs);
  } finally {
    await executor.close();
  }
}

async function time(executor: Executor, candidate: Parameters<typeof executor.run>[0]['candidate'], trial: number) {
  const request = { trial, attempt: 1, candidate, seed: `others/${trial}`, probe: { images: 16, timed: true } } as const;
  const outcome = await executor.run(request, { started: () => {}, progress: () => {} });
  if (outcome.state !== 'done') throw new Error(`a network could not be timed: ${JSON.stringify(outcome)}`);
  return outcome.metrics;
}

function summaryOf(
  space: string,
  { networks, seconds, error }: { readonly networks: number; readonly seconds: number; readonly error: number },
  pairs: readonly { readonly foreseen: Metrics; readonly measured: Metrics }[],
): Found {
  const of = (metric: string) => pairs.map(({ foreseen }) => foreseen[metric]!);
  const ratios = pairs.map(({ measured }) => measured['latencyRatio']!);
  const errors = of('latencyRatio').map((foreseen, i) => Math.abs(foreseen / ratios[i]! - 1));
  return {
    space,
    networks,
    seconds,
    stated: error,
    others: pairs.length,
    range: [Math.min(...ratios), Math.max(...ratios)],
    medianError: median(errors),
    error95: quantile(errors, 0.95),
    correlation: {
      table: rankCorrelation(of('latencyRatio'), ratios),
      macs: rankCorrelation(of('macs'), ratios),
      size: rankCorrelation(of('size'), ratios),
    },
  };
}

function toMarkdown(found: readonly Found[]): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const rows = found.map(({ space, networks, seconds, stated, others, range, medianError, error95, correlation }) => {
    const { table, macs, size } = correlation;
    const cells = [space, `${networks} in ${seconds.toFixed(0)} s`, percent(stated), `${others}`];
    const times = [`${range[0].toFixed(2)} … ${range[1].toFixed(2)}`, percent(medianError), percent(error95)];
    return `| ${[...cells, ...times, ...[table, macs, size].map((rho) => rho.toFixed(2))].join(' | ')} |`;
  });
  const { date, machine: where } = machine();
  return `# The time of a candidate, before it is trained

${date}, ${where}. Candidates of the spaces that the package brings, one image on one thread. A search learns what layers take
from the networks of the second column; the others are drawn by chance and timed by the same protocol, in turns with the dense network.

| space | timed | 95 % within, as stated | others | their time, of the dense network's | error, median | error, 95 % | rank correlation of time: layer times | multiply-accumulates | bytes |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

try {
  const found: Found[] = [];
  for (const name of spaces) {
    found.push(await look(name));
    console.log(JSON.stringify(found.at(-1)));
  }
  writeFileSync(join(results, 'layer-times.json'), `${JSON.stringify({ ...machine(), found }, null, 2)}\n`);
  writeFileSync(join(results, 'layer-times.md'), toMarkdown(found));
} finally {
  rmSync(artefactFolder, { recursive: true, force: true });
}

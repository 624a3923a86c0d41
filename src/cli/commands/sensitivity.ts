import { writeFile } from 'node:fs/promises';
import { exitCodes, NasError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import { formatBytes, formatCount, formatFixed, formatPercent, formatPoints, formatTook } from '../../dashboard/format.ts';
import { createPoolExecutor } from '../../executors/index.ts';
import { checkPlace, writeWhole } from '../../export/written.ts';
import type { ModelSpec } from '../../network/models/index.ts';
import { type ChartRow, sensitivityChart } from '../../report/sensitivity-chart.ts';
import type { ProbeResult, Sensitivity } from '../../search/sensitivity/measure.ts';
import type { PreparedFacts } from '../../trial/prepare.ts';
import { bar } from '../bar.ts';
import { keyFunction, loadSpace } from '../compose.ts';
import { chooseEngineHere } from '../engine.ts';
import { meaningOf } from '../meaning.ts';
import { note, print, printJson } from '../output.ts';
import { placing } from '../placed.ts';
import { progressLine } from '../progress-line.ts';
import { newRecord, settleFlags } from '../search-settings.ts';
import { sensitivityOf } from '../sensitivity.ts';
import { defaultMemoryMb, setupOf } from '../setup.ts';
import { onInterrupt } from '../signals.ts';
import { factsOf } from '../study-facts.ts';
import { type Column, table } from '../table.ts';
import { defaultWorkers } from '../workers.ts';
import { unbroken, wrapped } from '../wrap.ts';

interface SensitivityFlags {
  readonly space: string;
  readonly workers?: number;
  readonly out?: string;
  readonly json?: boolean;
}

/** `nas sensitivity`: what every choice that a space allows costs on its own, without fine-tuning. Returns the exit code. */
export async function sensitivity(flags: SensitivityFlags): Promise<number> {
  const { out } = flags;
  if (out !== undefined && !out.endsWith('.svg')) throw notSvg(out);
  if (out !== undefined) checkPlace('--out', out);
  const file = loadSpace(flags.space);
  const settings = settleFlags({ ...flags, db: 'nas.db' }, file);
  const engine = await chooseEngineHere(settings.engine);
  const record = newRecord(file, settings, engine);
  const facts = factsOf(record);
  const { space, sections } = facts;
  const keyOf = keyFunction(sections.model as unknown as ModelSpec, space);
  const line = progressLine();
  const slots = settings.workers ?? defaultWorkers(engine);
  const executor = createPoolExecutor({
    slots,
    setup: setupOf(record, engine, 'nas.db', slots) as unknown as Json,
    planOf: meaningOf(space).plan,
    maxRssMb: defaultMemoryMb(),
    warn: note,
  });
  const interrupts = onInterrupt({ first: () => executor.stop(), second: () => process.exit(exitCodes.interrupted) });
  try {
    const opened = await placing(file, () => executor.open(({ stage, done, total }) => line.show(stage, done, total)));
    const prepared = opened as unknown as PreparedFacts;
    const found = await sensitivityOf({
      executor,
      facts,
      keyOf,
      prepared,
      progress: (done, total) => line.show('probes', done, total),
    });
    line.clear();
    if (!found) return exitCodes.interrupted;
    if (out !== undefined) await writeWhole(out, (temporary) => writeFile(temporary, chartOf(file.name, found)));
    if (flags.json) printJson(found);
    else
      print(
        [wrapped(heading(found)), '', table(found.probes, columns(found)), ...(out ? ['', `${out} written.`] : [])].join('\n'),
      );
    return exitCodes.ok;
  } finally {
    interrupts.dispose();
    await executor.close();
  }
}

const notSvg = (out: string) =>
  new NasError('BAD_OPTION', `--out ${out}: the chart is an SVG picture; name a file that ends in .svg.`);

function heading({ base, probes, images, seconds, cached }: Sensitivity & { readonly cached: boolean }): string {
  const time = cached ? 'measured before' : `measured in ${formatTook(seconds * 1000)}`;
  return [
    `The network as it is: accuracy ${formatPercent(base['accuracy'])} on ${images} validation images, ${formatBytes(base['size'])}.`,
    `${probes.length} choices, each alone and without fine-tuning, ${time}:`,
  ].join('\n');
}

const change = ({ metrics }: ProbeResult, base: Sensitivity['base'], metric: string): number | undefined => {
  const [now, before] = [metrics?.[metric], base[metric]];
  return now === undefined || before === undefined ? undefined : now - before;
};

const inWords = ({ settings }: ProbeResult): string =>
  Object.entries(settings)
    .map(([knob, value]) => `${knob} ${value}`)
    .join(', ');

/** How much less it is than before; with a minus where it is more. */
const less = (value: number | undefined, format: (value: number) => string): string =>
  value === undefined ? '—' : value > 0 ? `−${format(value)}` : format(-value);

function columns({ base, probes }: Sensitivity): Column<ProbeResult>[] {
  const drop = (probe: ProbeResult) => Math.max(0, -(change(probe, base, 'accuracy') ?? 0));
  const most = Math.max(...probes.map(drop));
  const loss = (probe: ProbeResult) => change(probe, base, 'loss');
  return [
    { title: 'layer', cell: (probe) => probe.site },
    { title: 'technique', cell: (probe) => probe.technique },
    { title: 'settings', cell: (probe) => unbroken(inWords(probe)).replaceAll(',\u00a0', ', '), wraps: true },
    { title: 'points', align: 'right', cell: (probe) => probe.failure ?? formatPoints(change(probe, base, 'accuracy')) },
    { title: '', cell: (probe) => bar(most > 0 ? drop(probe) / most : 0, 12), spare: true },
    { title: 'loss +', align: 'right', cell: (probe) => formatFixed(loss(probe), 3), spare: true },
    { title: 'bytes saved', align: 'right', cell: (probe) => less(change(probe, base, 'size'), formatBytes) },
    { title: 'MACs saved', align: 'right', cell: (probe) => less(change(probe, base, 'expectedMacs'), formatCount) },
  ];
}

function chartOf(name: string, found: Sensitivity): string {
  const rows = found.probes.map(
    (probe): ChartRow => ({
      technique: probe.technique,
      site: probe.site,
      label: inWords(probe),
      accuracy: change(probe, found.base, 'accuracy'),
      note: `${less(change(probe, found.base, 'size'), formatBytes)} saved`,
    }),
  );
  const base = `accuracy ${formatPercent(found.base['accuracy'])}, ${formatBytes(found.base['size'])} as it is`;
  return sensitivityChart(
    `Sensitivity: ${name}`,
    `Points of accuracy lost by each choice alone, without fine-tuning; ${base}`,
    rows,
  );
}

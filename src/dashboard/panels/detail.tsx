import type { Plan } from '../../core/candidate.ts';
import type { Catalog, Knob, TechniqueInfo } from '../../core/catalog.ts';
import type { Range } from '../../core/ranges.ts';
import { measuredTrial, shownState, type Trial } from '../../core/trial.ts';
import type { NetworkInfo } from '../budget.ts';
import { formatPercent, formatPoints, formatTook, metricFormat, metricFormats, timesText } from '../format.ts';
import { describe, layerSettings, layerStrips, numbersOf } from '../layer-strips.ts';
import { constraintText } from '../missed.ts';
import type { DetailProps } from '../panel-props.ts';
import { area, fitted } from './hypervolume.tsx';
import { block, Panel, type Row, run, type Size } from './panel.tsx';

/** What of a trial is shown: how it went, what it does to the network, or both, one after the other. */
export type DetailPart = 'facts' | 'choices' | 'detail';

export interface DetailPanelProps extends Size {
  readonly part: DetailPart;
  readonly detail: DetailProps | undefined;
  readonly rows: readonly Row[];
  readonly scroll: number;
}

/** One trial: how it ended, its metrics against the baseline, how it learned, what it does to every layer. */
export function DetailPanel({ part, detail, rows, scroll, width, height }: DetailPanelProps) {
  if (!detail) return <Panel title="trial" rows={[[run(' select one with ↑ ↓', 'dim')]]} width={width} height={height} />;
  const { trial, onFront, favourite } = detail;
  const name = trial.number === 0 ? 'baseline' : `trial ${trial.number}`;
  const facts = [...(onFront ? [run('  ● front', 'front')] : []), ...(favourite ? [run('  ★ favourite', 'front')] : [])];
  const shown = rows.slice(scroll);
  return part === 'choices' ? (
    <Panel title="layer by layer" rows={shown} width={width} height={height} />
  ) : (
    <Panel title={name} facts={facts} rows={shown} width={width} height={height} />
  );
}

/** The lines of a part, for a panel of that width. */
export function detailRows(
  part: DetailPart,
  detail: DetailProps | undefined,
  network: NetworkInfo | undefined,
  width: number,
): Row[] {
  if (!detail) return [];
  const { trial } = detail;
  if (part === 'choices') return candidateRows(trial, network, width);
  const curve = part === 'facts' ? curveArea(detail, width) : curveRows(detail, width);
  const facts = [stateRow(detail), ...failureRows(trial, width), ...metricRows(detail, width), ...curve];
  return part === 'facts' ? facts : [...facts, [], ...candidateRows(trial, network, width)];
}

function stateRow({ trial, missed }: DetailProps): Row {
  const took = 'seconds' in trial ? ` in ${formatTook(trial.seconds * 1000)}` : '';
  const [first, ...others] = missed;
  const which = first && (others.length > 0 ? `${missed.length} constraints` : constraintText(first));
  const misses = which === undefined ? [] : [run(` · misses ${which}`, 'failure')];
  return [
    run(` ${shownState(trial)}${trainedText(trial)}${took}`, trial.state === 'failed' ? 'failure' : 'plain'),
    run(` · ${trial.origin}`, 'dim'),
    ...misses,
  ];
}

/** ` at 33 % of its training` */
function trainedText(trial: Trial): string {
  const fidelity = measuredTrial(trial)?.rung?.fidelity ?? 1;
  return fidelity < 1 ? ` at ${formatPercent(fidelity, 0)} of its training` : '';
}

function failureRows(trial: Trial, width: number): Row[] {
  if (trial.state === 'failed')
    return [[run(` ${trial.code}`, 'failure')], ...wrap(trial.message, width - 2).map((line) => [run(` ${line}`)])];
  if (trial.state === 'done' && trial.stopped !== undefined)
    return wrap(trial.stopped, width - 2).map((line) => [run(` ${line}`, 'dim')]);
  return trial.state === 'aborted' ? [[run(` ${trial.reason}`, 'dim')]] : [];
}

/** Known metrics first, then whatever else was measured. */
function metricRows({ trial, baseline, ranges }: DetailProps, width: number): Row[] {
  const measured = measuredTrial(trial)?.metrics;
  if (!measured) return [];
  const known = Object.keys(metricFormats).filter((metric) => metric in measured);
  const others = Object.keys(measured).filter((metric) => !(metric in metricFormats));
  const metrics = [...known, ...others];
  const longest = Math.max(...metrics.map((metric) => metricFormat(metric).label.length));
  const indent = Math.max(labelWidth, Math.min(longest + 3, width - 9 - 12));
  return metrics.map((metric) => {
    const { label: name, format } = metricFormat(metric);
    const value = measured[metric];
    const against = trial.number === 0 ? '' : relation(metric, value, baseline?.[metric]);
    return [
      label(name, indent),
      run(format(value).padStart(9)),
      run(against.padStart(12)),
      run(rangeText(metric, ranges[metric], width - indent - 9 - 12), 'dim'),
    ];
  });
}

/** ` 91.80 … 92.30 %`; where that is too long, half of it: ` ± 0.25`. */
function rangeText(metric: string, range: Range | undefined, width: number): string {
  if (!range) return '';
  const { format } = metricFormat(metric);
  const number = (value: number) => format(value).split(' ')[0]!;
  const whole = `  ${number(range[0])} … ${format(range[1])}`;
  return whole.length <= width ? whole : `  ± ${number((range[1] - range[0]) / 2)}`;
}

function relation(metric: string, value: number | undefined, baseline: number | undefined): string {
  if (value === undefined || baseline === undefined || value === 0) return '';
  const { share, relative } = metricFormat(metric);
  if (share) return formatPoints(value - baseline);
  return metric in metricFormats && !relative ? timesText(baseline / value) : '';
}

function curveRows({ curve }: DetailProps, width: number): Row[] {
  if (curve.length < 2) return [];
  const ends = `  ${curve[0]!.loss.toFixed(2)} → ${curve.at(-1)!.loss.toFixed(2)}`;
  const losses = fitted(
    curve.map(({ loss }) => loss),
    Math.max(1, width - labelWidth - ends.length - 1),
  );
  const finite = losses.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const line = losses.map((loss) => block(high > low ? (loss - low) / (high - low) : 0)).join('');
  return [[label('loss'), run(line, 'accent'), run(ends, 'dim')]];
}

/** Loss and accuracy of the training as areas, where there is room. */
function curveArea({ curve }: DetailProps, width: number): Row[] {
  if (curve.length < 2) return [];
  const losses = curve.map(({ loss }) => loss);
  const accuracies = curve.flatMap(({ accuracy }) => accuracy ?? []);
  const ends = (values: readonly number[], format: (value: number) => string) =>
    `${format(values[0]!)} → ${format(values.at(-1)!)}`;
  return [
    [],
    [
      label('loss'),
      run(
        ends(losses, (loss) => loss.toFixed(3)),
        'dim',
      ),
    ],
    ...areaRows(losses, width),
    ...(accuracies.length < 2
      ? []
      : [
          [
            label('accuracy'),
            run(
              ends(accuracies, (share) => formatPercent(share, 1)),
              'dim',
            ),
          ],
          ...areaRows(accuracies, width),
        ]),
  ];
}

const areaRows = (values: readonly number[], width: number): Row[] =>
  area(fitted(values.filter(Number.isFinite), Math.max(1, width - 3)), 5, Math.min(...values.filter(Number.isFinite)));

function candidateRows(trial: Trial, network: NetworkInfo | undefined, width: number): Row[] {
  if (trial.number === 0) return [];
  if (!network) return wrap(describe(trial.candidate), width - 2).map((line) => [run(` ${line}`)]);
  const plan = network.planOf(trial.candidate);
  const recipe = describe(plan.recipe);
  const strips = layerStrips(plan, network.catalog)
    .filter(({ range }) => range !== '')
    .flatMap((strip) => stripRows(strip, width));
  const list = settingRows(plan, network.catalog, width);
  return [...strips, ...(recipe ? [[label('recipe'), run(recipe)]] : []), [], ...list];
}

/**
 * A table: layer, then what each technique does to it, as a bar of what is kept and in words; where it is too wide, in words
 * alone. Techniques without effect are left out.
 */
function settingRows(plan: Plan, catalog: Catalog, width: number): Row[] {
  const techniques = catalog.techniques.filter(({ name }) => plan.techniques[name]);
  const cells = layerSettings(plan, { ...catalog, techniques });
  const texts = [['layer', ...techniques.map(({ name }) => name)], ...cells.map(({ layer, texts }) => [layer, ...texts])];
  const widths = texts[0]!.map((_, i) => Math.max(...texts.map((row) => row[i]!.length)) + 2);
  const bars = cells.map(({ layer }) => techniques.map((technique) => strengthBar(plan, technique, layer)));
  const barWidths = techniques.map((_, i) => (bars.some((row) => row[i] !== '') ? barWidth : 0));
  if ([...widths, ...barWidths].reduce((sum, each) => sum + each, 0) - 1 > width)
    return wordRows(techniques, cells, widths[0]!, width);
  const head = [
    run(` ${'layer'.padEnd(widths[0]!)}`, 'dim'),
    ...techniques.map(({ name }, i) => run(name.padEnd(widths[i + 1]! + barWidths[i]!), 'dim')),
  ];
  return [
    head,
    ...cells.map(
      ({ layer, texts }, j): Row => [
        run(` ${layer.padEnd(widths[0]!)}`, 'dim'),
        ...techniques.flatMap((_, i) => [
          run(bars[j]![i]!.padEnd(barWidths[i]!), 'accent'),
          run(texts[i]!.padEnd(widths[i + 1]!)),
        ]),
      ],
    ),
  ];
}

/** Layer, then `prune keep 0.5 · quantize bits 8`, in as many lines as that takes. */
function wordRows(
  techniques: readonly TechniqueInfo[],
  cells: ReturnType<typeof layerSettings>,
  nameWidth: number,
  width: number,
): Row[] {
  return cells.flatMap(({ layer, texts }) => {
    const words = texts.flatMap((text, i) => (text === '' ? [] : `${techniques[i]!.name} ${text}`)).join(' · ');
    const lines = wrap(words, Math.max(1, width - nameWidth - 2));
    return lines.map((line, i): Row => [run(` ${(i === 0 ? layer : '').padEnd(nameWidth)}`, 'dim'), run(line)]);
  });
}

const barWidth = 7;

/** What a layer keeps as a bar, for the technique's first knob that is a share; empty for others. */
function strengthBar(plan: Plan, technique: TechniqueInfo, layer: string): string {
  const site = technique.sites.find(({ layers }) => layers.includes(layer));
  const settings = site && plan.techniques[technique.name]?.[site.name];
  const share = Object.entries(technique.knobs).find(([name, knob]) => typeof settings?.[name] === 'number' && isShare(knob));
  if (!settings || !share) return '';
  const full = Math.round(Number(settings[share[0]]) * (barWidth - 1));
  return `${'█'.repeat(full)}${'░'.repeat(barWidth - 1 - full)}`;
}

const isShare = (knob: Knob) => numbersOf(knob).every((value) => value >= 0 && value <= 1);

const labelWidth = 15;
/** Names that are too long for it are cut. */
const label = (text: string, width = labelWidth) => run(` ${text.slice(0, width - 2).padEnd(width - 1)}`, 'dim');

/** Label, one glyph per layer, range; models with many layers take more lines. */
function stripRows({ technique, knob, glyphs, range }: ReturnType<typeof layerStrips>[number], width: number): Row[] {
  const name = `${technique} ${knob}`;
  const inline = labelWidth + glyphs.length + range.length + 2 <= width && name.length < labelWidth - 1;
  if (inline) return [[label(name), run(glyphs, 'accent'), run(`  ${range}`, 'dim')]];
  const parts = chunks(glyphs, Math.max(1, width - 2)).map((part): Row => [run(` ${part}`, 'accent')]);
  return [[run(` ${name}`, 'dim'), run(`  ${range}`, 'dim')], ...parts];
}

const chunks = (text: string, size: number) =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));

/** Words into lines of at most `width` characters; longer words are cut. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).flatMap((word) => chunks(word, Math.max(1, width)))) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

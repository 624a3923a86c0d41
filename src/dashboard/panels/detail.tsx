import { measuredTrial, shownState, type Trial } from '../../core/trial.ts';
import type { NetworkInfo } from '../budget.ts';
import { formatDuration, formatPercent, formatPoints, formatRatio, metricFormat, metricFormats } from '../format.ts';
import { describe, layerSettings, layerStrips } from '../layer-strips.ts';
import type { DetailProps } from '../panel-props.ts';
import { fitted } from './hypervolume.tsx';
import { block, Panel, type Row, run, type Size } from './panel.tsx';

export interface DetailPanelProps extends Size {
  readonly detail: DetailProps | undefined;
  readonly network: NetworkInfo | undefined;
}

/** One trial: how it ended, its metrics against the baseline, what it does to every layer, how it learned. */
export function DetailPanel({ detail, network, width, height }: DetailPanelProps) {
  if (!detail) return <Panel title="trial" rows={[[run(' select one with ↑ ↓', 'dim')]]} width={width} height={height} />;
  const { trial } = detail;
  const title = trial.number === 0 ? 'baseline' : `trial ${trial.number}`;
  const above = [stateRow(detail), ...failureRows(trial, width), ...metricRows(detail)];
  const rows = [...above, ...curveRows(detail, width), ...candidateRows(trial, network, width)];
  return (
    <Panel title={title} facts={detail.onFront ? [run('  ● front', 'front')] : []} rows={rows} width={width} height={height} />
  );
}

function stateRow({ trial, feasible }: DetailProps): Row {
  const took = 'seconds' in trial ? ` in ${formatDuration(trial.seconds * 1000)}` : '';
  const misses = feasible ? [] : [run(' · misses a constraint', 'failure')];
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
function metricRows({ trial, baseline }: DetailProps): Row[] {
  if (trial.state !== 'done') return [];
  const known = Object.keys(metricFormats).filter((metric) => metric in trial.metrics);
  const others = Object.keys(trial.metrics).filter((metric) => !(metric in metricFormats));
  return [...known, ...others].map((metric) => {
    const { label: name, format } = metricFormat(metric);
    const value = trial.metrics[metric];
    const against = trial.number === 0 ? '' : relation(metric, value, baseline?.[metric]);
    return [label(name), run(format(value).padStart(9)), run(against.padStart(11), 'dim')];
  });
}

function relation(metric: string, value: number | undefined, baseline: number | undefined): string {
  if (value === undefined || baseline === undefined || value === 0) return '';
  return metric === 'accuracy'
    ? formatPoints(value - baseline)
    : metric in metricFormats
      ? `${formatRatio(baseline / value)} less`
      : '';
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

function candidateRows(trial: Trial, network: NetworkInfo | undefined, width: number): Row[] {
  if (trial.number === 0) return [];
  if (!network) return wrap(describe(trial.candidate), width - 2).map((line) => [run(` ${line}`)]);
  const plan = network.planOf(trial.candidate);
  const recipe = describe(plan.recipe);
  const strips = layerStrips(plan, network.catalog).flatMap((strip) => stripRows(strip, width));
  const list = settingRows(layerSettings(plan, network.catalog), [
    'layer',
    ...network.catalog.techniques.map(({ name }) => name),
  ]);
  return [[], ...strips, ...(recipe ? [[label('recipe'), run(recipe)]] : []), [], ...list];
}

/** A table: layer, then what each technique does to it. */
function settingRows(settings: ReturnType<typeof layerSettings>, titles: readonly string[]): Row[] {
  const table = [titles, ...settings.map(({ layer, texts }) => [layer, ...texts])];
  const widths = titles.map((_, i) => Math.max(...table.map((cells) => cells[i]!.length)) + 2);
  return table.map((cells, row) =>
    cells.map((text, i) => run(` ${text.padEnd(widths[i]!)}`, row === 0 || i === 0 ? 'dim' : 'plain')),
  );
}

const labelWidth = 15;
const label = (text: string) => run(` ${text.padEnd(labelWidth - 1)}`, 'dim');

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

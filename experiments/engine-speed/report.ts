import type { OpShare } from './espalier.ts';
import type { Net, StepTimes } from './net.ts';

export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly rounds: number;
  readonly stepsPerRound: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly nets: readonly NetReport[];
}

export interface NetReport {
  readonly net: Net;
  readonly parameters: number;
  /** Times by who ran: `espalier`, `PyTorch nchw` … */
  readonly runs: Readonly<Record<string, StepTimes>>;
  readonly shares: readonly OpShare[];
}

/** Number that a part of the list, 0 … 1, does not exceed; between two entries by interpolation. */
function quantile(list: readonly number[], part: number): number {
  const sorted = [...list].sort((a, b) => a - b);
  const place = part * (sorted.length - 1);
  const below = Math.floor(place);
  return sorted[below]! + (place - below) * ((sorted[below + 1] ?? sorted[below]!) - sorted[below]!);
}

export const median = (list: readonly number[]): number => quantile(list, 0.5);

/** Espalier's time over that of PyTorch's better layout: of all medians, and with its spread over paired steps. */
function ratioOf(runs: NetReport['runs'], kind: keyof StepTimes): string | undefined {
  const others = Object.entries(runs).filter(([name]) => name !== ours);
  if (others.length === 0) return undefined;
  const [name, better] = others.reduce((a, b) => (median(b[1][kind]) < median(a[1][kind]) ? b : a));
  const own = runs[ours]![kind];
  const paired = own.map((time, i) => time / better[kind][i]!);
  const [low, high] = [0.25, 0.75].map((part) => quantile(paired, part).toFixed(2));
  return `${(median(own) / median(better[kind])).toFixed(2)} × ${name} (middle half of paired steps ${low} … ${high})`;
}

export const ours = 'espalier';

const summary = (list: readonly number[]) =>
  `${median(list).toFixed(0)} (${quantile(list, 0.25).toFixed(0)} … ${quantile(list, 0.75).toFixed(0)}), ${Math.min(...list).toFixed(0)}`;

export function toMarkdown(report: Report): string {
  const { date, machine, rounds, stepsPerRound, versions, nets } = report;
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `# A training step: portable lowering on onnxruntime against PyTorch

${date}, ${machine}. ${names.join(', ')}. ResNet-20 (widths 16, 32, 64), SGD with Nesterov momentum, one thread each,
${rounds} rounds of ${stepsPerRound} steps in turns; forward, loss, gradients, update and hits of the batch. Milliseconds per step:
median (middle half), smallest. CPU time leaves out what other processes take of the machine.

${nets.map(netToMarkdown).join('\n')}`;
}

function netToMarkdown({ net, parameters, runs, shares }: NetReport): string {
  const rows = Object.entries(runs).map(([name, { ms, cpuMs }]) => `| ${name} | ${summary(ms)} | ${summary(cpuMs)} |`);
  const ratios = [`- wall time: ${ratioOf(runs, 'ms') ?? skipped}`, `- CPU time: ${ratioOf(runs, 'cpuMs') ?? skipped}`];
  const parts = shares.slice(0, 10).map(({ op, share }) => `${op} ${(100 * share).toFixed(1)} %`);
  return `## ${net.channels}×${net.size}×${net.size}, batch ${net.batch} (${parameters.toLocaleString('en')} parameters)

| who | wall ms | CPU ms |
| --- | --- | --- |
${rows.join('\n')}

Espalier against PyTorch's better layout (target: at most 2):

${ratios.join('\n')}

Where the time goes: ${parts.join(', ')}.
`;
}

const skipped = 'not measured, PyTorch was not there';

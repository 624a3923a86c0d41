import type { Net, StepTimes } from './net.ts';
import type { Share } from './profile.ts';
import type { TensorflowTime } from './tensorflow.ts';

/** Times by who ran: `blocked16`, `portable`, `PyTorch nchw` … */
export type Runs = Readonly<Record<string, StepTimes>>;

export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly rounds: number;
  readonly stepsPerRound: number;
  /** The lowering that a search takes here. */
  readonly ours: string;
  /** Best rate of a product of matrices by threads, GFLOP/s. */
  readonly gemm: Readonly<Record<number, number>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly nets: readonly NetReport[];
}

export interface NetReport {
  readonly net: Net;
  readonly parameters: number;
  /** Graph, lowering, bytes, session and first step. */
  readonly startMs: number;
  /** The same in a process that has trained before, as that of a search has from its second trial on. */
  readonly laterStartMs: number;
  /** Of one step. */
  readonly gflop: number;
  /** By threads. */
  readonly runs: Readonly<Record<1 | 2, Runs>>;
  /** By who ran, with one thread each: milliseconds in which one makes a step, and two together make one, round by round. */
  readonly sideBySide: Readonly<Record<string, { readonly one: readonly number[]; readonly two: readonly number[] }>>;
  readonly tensorflow: readonly TensorflowTime[];
  readonly shares: readonly Share[];
}

/** Number that a part of the list, 0 … 1, does not exceed; between two entries by interpolation. */
function quantile(list: readonly number[], part: number): number {
  const sorted = [...list].sort((a, b) => a - b);
  const place = part * (sorted.length - 1);
  const below = Math.floor(place);
  return sorted[below]! + (place - below) * ((sorted[below + 1] ?? sorted[below]!) - sorted[below]!);
}

const median = (list: readonly number[]): number => quantile(list, 0.5);

/** Median and quartiles. */
export const spread = (list: readonly number[], digits: number) =>
  `${median(list).toFixed(digits)} (${quantile(list, 0.25).toFixed(digits)} … ${quantile(list, 0.75).toFixed(digits)})`;

const summary = (list: readonly number[]) => `${spread(list, 0)}, ${Math.min(...list).toFixed(0)}`;

/** What is behind the names of those that ran in large pages though they do not come so. */
export const largePages = ', large pages';

/** PyTorch's better layout, its name and times; undefined where it was not there. */
function betterOf(runs: Runs, kind: keyof StepTimes, pages: '' | typeof largePages = ''): [string, StepTimes] | undefined {
  const others = Object.entries(runs).filter(
    ([name]) => name.startsWith('PyTorch') && name.endsWith(largePages) === (pages !== ''),
  );
  return others.toSorted((a, b) => median(a[1][kind]) - median(b[1][kind]))[0];
}

/** Our time over that of PyTorch's better layout: of the medians, and with its spread over paired steps. */
function ratioOf(runs: Runs, ours: string, kind: keyof StepTimes, pages: '' | typeof largePages = ''): string {
  const found = betterOf(runs, kind, pages);
  if (!found) return 'not measured, PyTorch was not there';
  const [name, better] = found;
  const own = runs[ours]![kind];
  return `${(median(own) / median(better[kind])).toFixed(2)} × ${name} (paired steps ${spread(paired(own, better[kind]), 2)})`;
}

/** What a second worker gives, here and in PyTorch's better layout, and how the pairs compare. */
function sideBySideLines(crews: NetReport['sideBySide'], ours: string): string {
  const own = crews[ours]!;
  const gainOf = ({ one, two }: typeof own) => `${spread(paired(one, two), 2)} × the steps per second`;
  const first = `- two workers with one thread each against one: ${gainOf(own)}`;
  const others = Object.entries(crews).filter(([name]) => name !== ours);
  const [name, better] = others.toSorted((a, b) => median(a[1].two) - median(b[1].two))[0] ?? [];
  if (!better) return first;
  return `${first}; two processes of ${name} against one: ${gainOf(better)}
- two workers against two processes of ${name}: ${spread(paired(own.two, better.two), 2)} × the time a step`;
}

const paired = (times: readonly number[], others: readonly number[]): number[] => times.map((time, i) => time / others[i]!);

/** What a step would take at the rate of the best product of matrices, and what that would be of PyTorch's time. */
function limitOf(gflop: number, rate: number, runs: Runs): string {
  const ms = (1000 * gflop) / rate;
  const better = betterOf(runs, 'ms');
  return `${ms.toFixed(0)} ms${better ? `, ${(ms / median(better[1].ms)).toFixed(2)} × ${better[0]}` : ''}`;
}

export function toMarkdown(report: Report): string {
  const { date, machine, rounds, stepsPerRound, versions, gemm, nets } = report;
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `# A training step: onnxruntime's blocked layout and plain ONNX against PyTorch

${date}, ${machine}. ${names.join(', ')}. SGD with Nesterov momentum; a step is forward, loss, gradients, update and hits of the
batch. Ours in pages of 2 MB, as in a search; PyTorch as it comes, and in such pages too. ${rounds} rounds of ${stepsPerRound} steps in turns. Milliseconds per step: median (middle half), smallest. CPU time leaves out
what other processes take of the machine. The best product of matrices runs at ${gemm[1]!.toFixed(0)} GFLOP/s on one thread, ${gemm[2]!.toFixed(0)} on two.

${nets.map((net) => netToMarkdown(net, report)).join('\n')}`;
}

function netToMarkdown(report: NetReport, { ours, gemm }: Report): string {
  const { net, parameters, startMs, laterStartMs, gflop, runs, sideBySide, tensorflow, shares } = report;
  const rate = gflop / (Math.min(...runs[1][ours]!.ms) / 1000);
  const startOf = (ms: number) =>
    `${(ms / 1000).toFixed(2)} s, ${((ms - median(runs[1][ours]!.ms)) / 1000).toFixed(2)} s more than a later step`;
  const total = shares.reduce((sum, { ms }) => sum + ms, 0);
  const parts = shares.slice(0, 10).map(({ what, ms }) => `${what} ${((100 * ms) / total).toFixed(1)} %`);
  return `## ${net.family}, ${net.channels}×${net.size}×${net.size}, batch ${net.batch} (${parameters.toLocaleString('en')} parameters)

| who | threads | wall ms | CPU ms |
| --- | --- | --- | --- |
${([1, 2] as const).flatMap((threads) => rowsOf(runs[threads], threads)).join('\n')}

- ${ours} against PyTorch's better layout, one thread: wall ${ratioOf(runs[1], ours, 'ms')}; CPU ${ratioOf(runs[1], ours, 'cpuMs')}
- two threads: wall ${ratioOf(runs[2], ours, 'ms')}; CPU ${ratioOf(runs[2], ours, 'cpuMs')}
- against PyTorch in large pages, one thread: wall ${ratioOf(runs[1], ours, 'ms', largePages)}; two: ${ratioOf(runs[2], ours, 'ms', largePages)}
${sideBySideLines(sideBySide, ours)}
- ${gflop.toFixed(1)} GFLOP per step: ${rate.toFixed(0)} GFLOP/s in the fastest, ${((100 * rate) / gemm[1]!).toFixed(0)} % of the best product of matrices; all of a step at that product's rate: ${limitOf(gflop, gemm[1]!, runs[1])}; on two threads ${limitOf(gflop, gemm[2]!, runs[2])}
- from the network to the end of its first step: ${startOf(startMs)}; in a process that has trained before: ${startOf(laterStartMs)}
${tensorflow.map((time) => `${tensorflowLine(time, runs[1][ours]!, net)}\n`).join('')}
Where the time of ${ours} goes (the shortest run of every node): ${parts.join(', ')}.
`;
}

const tensorflowLine = ({ who, batch, msPerImage }: TensorflowTime, own: StepTimes, net: Net): string => {
  const gain = msPerImage / (Math.min(...own.ms) / net.batch);
  return `- ${who}, batch ${batch}: ${msPerImage.toFixed(1)} ms per image, ${gain.toFixed(1)} × as long`;
};

const rowsOf = (runs: Runs, threads: number): string[] =>
  Object.entries(runs).map(([who, { ms, cpuMs }]) => `| ${who} | ${threads} | ${summary(ms)} | ${summary(cpuMs)} |`);

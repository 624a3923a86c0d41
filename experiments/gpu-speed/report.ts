import type { Net } from '../engine-speed/net.ts';
import { spread } from '../engine-speed/report.ts';
import type { Steps } from './steps.ts';
import type { TrialRate } from './trials.ts';

export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly gpu: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly steps: readonly { readonly net: Net; readonly times: Steps }[];
  /** Milliseconds, of networks of one kind, one after the other. */
  readonly starts: readonly { readonly by: string; readonly times: readonly number[] }[];
  readonly trials: readonly TrialRate[];
}

export function toMarkdown({ date, machine, gpu, versions, steps: nets, starts, trials: rates }: Report): string {
  const libraries = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const rowsOf = ({ net, times }: Report['steps'][number]) =>
    Object.entries(times).map(([who, list]) => {
      const name = net.family === 'resnet' ? `ResNet-20${net.width === undefined ? '' : `, ${net.width}× as wide`}` : 'MobileNet';
      return `| ${name} | ${who} | ${spread(list, 1)} | ${list.length} |`;
    });
  const begins = starts.map(({ by, times }) => `| ${by} | ${times.map((ms) => ms.toFixed(0)).join(' | ')} |`);
  const rows = rates.map(
    ({ space, device, trials: count, perHour, baselineSeconds }) =>
      `| ${space} | ${device} | ${count} | ${perHour.toFixed(0)} | ${baselineSeconds.toFixed(0)} |`,
  );
  return `# Training on a GPU

${date}. ${gpu}; ${machine}; ${libraries.join(', ')}. By \`npm run bench:gpu\`.

One training step (forward, backward, update; images and labels from the CPU's memory, the loss back to it), batch of
128 images of 3×32×32. Milliseconds: median (quartiles), one after the other.

| network | by | ms | steps |
|---|---|---|---|
${nets.flatMap(rowsOf).join('\n')}

What a training costs before its first step is done (the train step built, compiled, opened and run once), of ResNet-20 and then
of candidates that have other counts of channels, one after the other in one process. Milliseconds.

| by | first network | second | third | fourth | fifth |
|---|---|---|---|---|---|
${begins.join('\n')}

Trials that \`nas search\` ends in an hour, with as many workers as it takes by itself, the baseline left out. What a candidate is measured by runs on the CPU always.

| space | device | trials | an hour | baseline after (s) |
|---|---|---|---|---|
${rows.join('\n')}
`;
}

import { spread } from '../engine-speed/report.ts';

export interface Contender {
  readonly name: string;
  readonly version: string;
  /** By round. */
  readonly runs: readonly { readonly seconds: number; readonly peakMb: number }[];
  /** On the images held out, median over the trials. */
  readonly accuracy: number;
}

export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly trials: number;
  readonly workers: number;
  readonly rounds: number;
  /** Espalier first. */
  readonly contenders: readonly Contender[];
}

export function toMarkdown({ date, machine, trials, workers, rounds, contenders }: Report): string {
  const ours = contenders[0]!;
  const rows = contenders.map(({ name, version, runs, accuracy }) => {
    const rates = runs.map(({ seconds }) => (trials / seconds) * 3600);
    const ratios = runs.map(({ seconds }, round) => seconds / ours.runs[round]!.seconds);
    const peaks = runs.map(({ peakMb }) => peakMb);
    const seconds = runs.map((run) => run.seconds);
    return `| ${name} | ${version} | ${spread(seconds, 0)} | ${spread(rates, 0)} | ${spread(ratios, 2)} | ${spread(peaks, 0)} | ${(100 * accuracy).toFixed(1)} % |`;
  });
  return `# A whole search, beside Optuna and Ray Tune with PyTorch

${date}, ${machine}; ${trials} trials, ${workers} at a time with one thread each, ${rounds} rounds in turns, median (middle half).
From the start of the command to its end, data on the disk, nothing cached: ResNet-8 whose layers keep a part of their channels
([space.yaml](../../experiments/search-speed/space.yaml)), an epoch over 20,000 images of Fashion-MNIST in batches of 64, accuracy on
5,000 others. The peers train networks of the very shapes that Espalier's trials have, in PyTorch's channels_last, from new weights;
Espalier's also begin with a trained network, choose which channels stay, and end as ONNX files that were measured: the peers export
nothing. Memory: of all processes together, what they share counted once.

| who | version | seconds | trials an hour | times Espalier's seconds | peak memory, MB | median accuracy |
| --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

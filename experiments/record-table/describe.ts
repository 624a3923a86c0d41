import { mean, median, rankCorrelation } from '../../src/search/bench/statistics.ts';
import type { RecordedTable } from '../../src/search/bench/table.ts';

/** What a reader wants to know of a table before believing a comparison on it. */
export function describeTable({ name, rowOf, rungs, repeats, facts }: RecordedTable, spaceFile: string): string {
  const { machine, seconds } = facts as { readonly machine: string; readonly seconds: string };
  const final = rungs.at(-1)!.metrics['accuracy']!;
  const again = repeats.metrics['accuracy']!;
  const differences = repeats.rows.map((row, i) => again[i]! - final[row]!);
  const noise = Math.sqrt(mean(differences.map((difference) => difference ** 2)) / 2);
  const rows = rungs.map(({ share, metrics, seconds: spent }) => {
    const accuracy = metrics['accuracy']!;
    const cells = [share, median(accuracy), rankCorrelation(accuracy, final), mean(spent)];
    return `| ${cells.map((cell) => Number(cell.toPrecision(3))).join(' | ')} |`;
  });
  return `# Recorded table ${name}

${new Set(rowOf).size} networks (every candidate of [the space](../../experiments/record-table/${spaceFile})), each compressed, trained and measured
by the product's own trial; ${repeats.rows.length} of them once more with another seed. ${machine}; seconds ${seconds}.
Standard deviation of the accuracy of one training, from the repeats: ${(100 * noise).toFixed(2)} points.

| share of the training | median accuracy | rank correlation with the end | seconds until there |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

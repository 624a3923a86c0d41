import { writeFileSync } from 'node:fs';
import { savePicture } from '../../src/report/save.ts';
import { trainingVersion } from '../../src/trial/setup.ts';
import type { Job } from './jobs.ts';
import { type NetworkName, networkNames, networks } from './networks.ts';
import { claimsChart, type Group } from './picture.ts';
import { readTimes, readTrials, resultPath, type Times } from './results.ts';
import type { Claim, Expectation, Measure, Row } from './row.ts';
import { claims, rows } from './rows/index.ts';
import { holds, type RowResult, type Spread, Summary } from './summary.ts';

/** Writes claims.md and claims.svg from the results that are there. */
export async function writeReport(jobs: readonly Job[]): Promise<void> {
  const times = readTimes();
  const summary = new Summary(jobs, readTrials(), rows, times);
  const parts = [
    head(summary, times),
    ...claims.map((claim) => section(claim, summary)),
    failures(summary),
    foot(times, summary),
  ];
  writeFileSync(resultPath('claims.md'), `${parts.filter((part) => part !== '').join('\n\n')}\n`);
  const groups = claims.map((claim): Group => ({ name: claim.technique.split(',')[0]!, results: resultsOf(claim, summary) }));
  await savePicture(claimsChart(groups), resultPath('claims.svg'));
}

const resultsOf = ({ rows: own }: Claim, summary: Summary): RowResult[] => own.flatMap((row) => summary.of(row) ?? []);

function head(summary: Summary, times: Times | undefined): string {
  const verdicts = claims.map(
    (claim) => `| ${claim.technique} | ${claim.claim} | ${measuredOf(claim, summary)} | ${verdictOf(claim, summary)} |`,
  );
  return `# Claims and measurements

What the documents on compressing networks claim, and what was measured here, on Fashion-MNIST, and at the end on speech. Accuracies
are those of the test data (10,000 images; 552 recordings), which nothing was chosen by; mean ± deviation over the seeds. A seed's results are compared with the dense
network of that seed. Sizes are bytes of the ONNX file; times are those of the file on onnxruntime, one image on one
thread, in turns with the dense network's${times ? '' : ' (not measured yet)'}.

\`npx tsx experiments/claims/claims.ts\`; what it consists of stands in \`experiments/claims/rows\`.

![Accuracy and speed against size](claims.svg)

| technique | claim | measured here | holds |
|---|---|---|---|
${verdicts.join('\n')}

## The dense networks

| | network | trained for | dense networks | parameters | bytes | test accuracy | seeds |
|---|---|---|---|---|---|---|---|
${networkNames.map((name) => denseLine(name, summary)).join('\n')}`;
}

function denseLine(name: NetworkName, summary: Summary): string {
  const result = summary.of(rows.get(name)!);
  const { what, baseline, baselines } = networks[name];
  const facts = result
    ? [result.params.toLocaleString('en'), kilobytes(result.bytes), percent(result.test), result.test.seeds]
    : ['', '', 'not trained yet', 0];
  return `| ${[name, what, `${baseline.epochs} epochs`, baselines === 1 ? 'one for all seeds' : 'one a seed', ...facts].join(' | ')} |`;
}

/** The tested parts of a claim in a few words: what was found where. */
function measuredOf({ expectations }: Claim, summary: Summary): string {
  const found = expectations.flatMap((each) => {
    const value = summary.measure(each);
    return value ? [`${each.says}: ${holds(each, value) ? '' : '**no**, '}${shown(value, each.measure)}`] : [];
  });
  return found.join('<br>');
}

function verdictOf({ expectations }: Claim, summary: Summary): string {
  const known = expectations.flatMap((each) => {
    const value = summary.measure(each);
    return value ? [holds(each, value)] : [];
  });
  const kept = known.filter(Boolean).length;
  const open = expectations.length - known.length;
  const verdict =
    known.length === 0 ? 'open' : kept === known.length ? 'yes' : kept === 0 ? 'no' : `in part (${kept} of ${known.length})`;
  return open > 0 && known.length > 0 ? `${verdict}, ${open} open` : verdict;
}

function section(claim: Claim, summary: Summary): string {
  const results = resultsOf(claim, summary);
  const checks = claim.expectations.map((each) => checkLine(each, summary));
  const table = results.length === 0 ? 'Nothing is measured yet.' : `${tableHead}\n${results.map(tableLine).join('\n')}`;
  const remark = claim.remark ? `\n\n${claim.remark}` : '';
  return `## ${capital(claim.technique)}\n\n> ${claim.claim}${remark}\n\n${checks.join('\n')}\n\n${table}`;
}

function checkLine(expectation: Expectation, summary: Summary): string {
  const value = summary.measure(expectation);
  const { says, row, measure } = expectation;
  if (!value) return `- open: ${says} (\`${row}\`)`;
  return `- ${holds(expectation, value) ? 'yes' : '**no**'}: ${says}: ${shown(value, measure)} (\`${row}\`)`;
}

const tableHead = `| row | network | what | smaller | parameters | MACs saved | test accuracy | change | over scratch | faster | training step | seeds |
|---|---|---|---|---|---|---|---|---|---|---|---|`;

function tableLine(result: RowResult): string {
  const { row, smaller, params, saved, test, change, overControl, faster, noisy, step } = result;
  const cells = [
    `\`${row.name}\``,
    row.network,
    row.what,
    `${smaller.mean.toFixed(1)}×`,
    params.toLocaleString('en'),
    `${(100 * saved.mean).toFixed(0)} %`,
    percent(test),
    points(change),
    overControl ? points(overControl) : '',
    faster ? `${noisy ? '~' : ''}${faster.toFixed(2)}×` : '',
    step ? `${step.toFixed(2)}×` : '',
    test.seeds,
  ];
  return `| ${cells.join(' | ')} |`;
}

function failures(summary: Summary): string {
  const lines = summary.failures();
  return lines.length === 0 ? '' : `## Failed\n\n${lines.map((line) => `- ${line}`).join('\n')}`;
}

const foot = (times: Times | undefined, summary: Summary): string => {
  const controls = [...rows.values()].filter((row: Row) => row.control).length;
  const notes = `"Over scratch": less the accuracy of the same shape from new random weights, without a teacher, trained as long as the dense
network and the fine-tuning together, at the dense network's learning rate (${controls} rows have it). Points are percentage
points. "~": the machine was not quiet. "Training step": time of one, as a multiple of the dense network's.`;
  const { all, old } = summary.ages(trainingVersion);
  const ages =
    old === 0
      ? ''
      : `\n\n${old} of the ${all} trials were trained before training last changed what it gives: \`--again\` trains them anew.`;
  if (!times) return `${notes}${ages}`;
  const { processor, cores, load, node } = times.machine;
  return `${notes}${ages}\n\nTimed on: ${processor}, ${cores} cores, load ${load.toFixed(1)}, Node ${node}.`;
};

function shown(value: Spread, measure: Measure): string {
  if (typeof measure !== 'string') return `${points(value)} points`;
  switch (measure) {
    case 'smaller':
    case 'faster':
    case 'step':
      return `${value.mean.toFixed(2)}×`;
    case 'change':
    case 'overControl':
      return `${points(value)} points`;
    case 'kept':
    case 'params':
    case 'saved':
      return percent(value);
    default:
      return measure satisfies never;
  }
}

const within = (deviation: number | undefined) => (deviation === undefined ? '' : ` ± ${(100 * deviation).toFixed(2)}`);
const percent = ({ mean, deviation }: Spread) => `${(100 * mean).toFixed(2)}${within(deviation)} %`;
const points = ({ mean, deviation }: Spread) => `${mean < 0 ? '−' : '+'}${Math.abs(100 * mean).toFixed(2)}${within(deviation)}`;
const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * Broken and hostile input: spaces, ONNX files, data files and databases, damaged in many ways. Each must be taken in or refused
 * with a NasError, within seconds and in bounded memory; a process of its own runs them, so that a crash is a fault too.
 *
 *   npx tsx experiments/torture/fuzz.ts [--subject networks] [--cases 1000] [--from 0] [--no-report]
 *
 * Writes results/torture/fuzz.json and fuzz.md; of subjects that were not tried this time, the rows stay. The input of every fault lies in results/torture/fuzz-faults/; once it is
 * mended it goes to test/fixtures/fuzz/cases/<subject>/.
 */
import { fork } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { emptyTally, type Tally } from '../../test/fixtures/fuzz/run.ts';
import { type Subject, subjects, withPrepared } from '../../test/fixtures/fuzz/subjects.ts';
import { machine } from '../search-quality/machine.ts';

const { values } = parseArgs({
  options: {
    subject: { type: 'string' },
    cases: { type: 'string' },
    from: { type: 'string', default: '0' },
    'no-report': { type: 'boolean', default: false },
  },
});
const results = fileURLToPath(new URL('../../results/torture', import.meta.url));
const part = fileURLToPath(new URL('./fuzz-part.ts', import.meta.url));
/** Cases of one process. */
const portion = 5_000;

interface Row extends Tally {
  readonly subject: string;
  readonly cases: number;
  seconds: number;
  peakMb: number;
}

const rows: Row[] = [];
for (const subject of subjects.filter(({ name }) => values.subject === undefined || name === values.subject)) {
  rows.push(await runSubject(subject, Number(values.from), Number(values.cases ?? subject.cases)));
}
if (!values['no-report']) report();
if (rows.some(({ faults }) => faults.length > 0)) process.exitCode = 1;

async function runSubject(subject: Subject, from: number, cases: number): Promise<Row> {
  const startedAt = performance.now();
  const row: Row = { subject: subject.name, cases, seconds: 0, peakMb: 0, ...emptyTally() };
  for (let next = from; next < from + cases; ) {
    const end = Math.min(from + cases, next + portion);
    next = await runPortion(row, next, end);
    console.log(`${subject.name}: ${next - from} of ${cases}, ${row.faults.length} faults`);
  }
  row.seconds = Math.round((performance.now() - startedAt) / 1000);
  await keepFaults(subject, row);
  return row;
}

/** The number to go on with. */
function runPortion(row: Row, from: number, to: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-fuzz-'));
  const state = join(folder, 'case');
  const child = fork(part, [row.subject, String(from), String(to), state], {
    execArgv: ['--import', 'tsx', '--max-old-space-size=1500'],
  });
  return new Promise((resolve) => {
    let done = false;
    child.on('message', ({ tally, peakMb }: { tally: Tally; peakMb: number }) => {
      done = true;
      add(row, tally, peakMb);
    });
    child.on('exit', (code, signal) => {
      const last = done ? to : Number(readFileSync(state, 'utf8'));
      rmSync(folder, { recursive: true, force: true });
      if (!done) row.faults.push({ number: last, what: `the process died: ${signal ?? `exit code ${code}`}` });
      resolve(done ? to : last + 1);
    });
  });
}

function add(row: Row, tally: Tally, peakMb: number): void {
  row.accepted += tally.accepted;
  row.faults.push(...tally.faults);
  row.slowestMs = Math.max(row.slowestMs, tally.slowestMs);
  row.peakMb = Math.max(row.peakMb, peakMb);
  for (const [code, count] of Object.entries(tally.refused)) row.refused[code] = (row.refused[code] ?? 0) + count;
}

async function keepFaults(subject: Subject, { faults }: Row): Promise<void> {
  if (faults.length === 0) return;
  const folder = join(results, 'fuzz-faults', subject.name);
  mkdirSync(folder, { recursive: true });
  await withPrepared(subject, async (prepared) => {
    for (const { number, what } of faults) {
      writeFileSync(join(folder, String(number)), prepared.make(number));
      console.log(`${subject.name} ${number}: ${what.split('\n').slice(0, 4).join(' | ')}`);
    }
  });
}

function report(): void {
  mkdirSync(results, { recursive: true });
  const file = join(results, 'fuzz.json');
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { rows: Row[] }).rows : [];
  const known = subjects.flatMap(({ name }) => [...rows, ...before].find(({ subject }) => subject === name) ?? []);
  writeFileSync(file, `${JSON.stringify({ ...machine(), rows: known }, null, 2)}\n`);
  const codes = ({ refused }: Row) =>
    Object.entries(refused)
      .sort((a, b) => b[1] - a[1])
      .map(([code, count]) => `${code} ${count.toLocaleString('en-US')}`)
      .join(', ');
  const lines = known.map(
    (row) =>
      `| ${row.subject} | ${row.cases.toLocaleString('en-US')} | ${row.accepted.toLocaleString('en-US')} | ${(row.cases - row.accepted - row.faults.length).toLocaleString('en-US')} | ${row.faults.length} | ${(row.slowestMs / 1000).toFixed(1)} s | ${row.peakMb} MB |`,
  );
  const text = [
    '# Broken and hostile input',
    '',
    'Made by `npx tsx experiments/torture/fuzz.ts`: real spaces, ONNX files, data files and databases, damaged byte by byte and in',
    'their structure. Every one must be taken in or refused with an error of ours. A fault is any other error, a dead process, or',
    'an answer that takes more than 10 s. The slowest case was timed on a machine that did other work beside it.',
    '',
    '| input | cases | taken in | refused | faults | slowest | peak memory of the process |',
    '|---|---|---|---|---|---|---|',
    ...lines,
    '',
    '## What they were refused with',
    '',
    ...known.map((row) => `- ${row.subject}: ${codes(row)}`),
    '',
    'Inputs that were faults once lie in `test/fixtures/fuzz/cases/`, and `test/fuzz.test.ts` takes them in each time.',
    '',
  ];
  writeFileSync(join(results, 'fuzz.md'), text.join('\n'));
}

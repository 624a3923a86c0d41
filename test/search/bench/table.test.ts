import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readTable } from '../../../src/cli/bench/problems.ts';
import type { Json } from '../../../src/core/json.ts';
import { compressionProblem } from '../../../src/search/bench/compression.ts';
import { yardstick } from '../../../src/search/bench/quality.ts';
import { lookUp, type RecordedTable, tableFormat, tableProblem } from '../../../src/search/bench/table.ts';
import { enumerate } from '../../../src/search/space/count.ts';
import { temporaryFolder } from '../../executors/harness.ts';

const problem = compressionProblem('small', '', 2, []);

/** What a recording of the problem would give: two rungs, and candidates that mean the same in one row. */
function record(): RecordedTable {
  const { space, goal, keyOf, measure, anchors, box, logScale } = problem;
  const candidates = [...enumerate(space)];
  const keys = [...new Set(candidates.map(keyOf))];
  const all = keys.map((key) => measure(candidates.find((candidate) => keyOf(candidate) === key)!));
  const column = (name: string, part: number) => all.map((metrics) => metrics[name]! * part);
  const rungs = [0.5, 1].map((share) => ({
    share,
    metrics: { accuracy: column('accuracy', share), size: column('size', 1) },
    seconds: all.map((_, row) => share * (row + 1)),
  }));
  return {
    format: tableFormat,
    name: 'recorded',
    space,
    goal,
    rowOf: candidates.map((candidate) => keys.indexOf(keyOf(candidate))),
    anchors,
    rungs,
    repeats: { rows: [], metrics: {} },
    known: ['size'],
    box,
    logScale,
    facts: {},
  };
}

function save(table: unknown): string {
  const file = join(temporaryFolder(), 'table.json.gz');
  writeFileSync(file, gzipSync(JSON.stringify(table)));
  return file;
}

const errorOf = (file: string): unknown => {
  try {
    return readTable(file);
  } catch (error) {
    return error;
  }
};

describe('recorded table', () => {
  it('comes back from its file as the problem that was recorded', () => {
    const replayed = tableProblem(readTable(save(record())), 'replay');
    for (const candidate of enumerate(problem.space)) {
      expect(replayed.measure(candidate)).toEqual(problem.measure(candidate));
      expect(replayed.predict!(candidate)).toEqual({ size: problem.measure(candidate)['size'] });
    }
    expect(yardstick(replayed).best).toBeCloseTo(yardstick(problem).best, 9);
    const [candidate] = problem.anchors;
    expect(lookUp(record(), candidate!).rungs.map(({ share, seconds }) => seconds / share)).toEqual(
      Array(2).fill(lookUp(record(), candidate!).row + 1),
    );
  });

  it('refuses files that are missing, cut off, of another kind, or lack values', () => {
    const table = record();
    const [first, last] = table.rungs;
    const without = (changed: object) => errorOf(save({ ...table, ...changed }));
    expect(errorOf('/nowhere/table.json.gz')).toMatchObject({ code: 'TABLE_MISSING', exitCode: 2 });
    const cut = join(temporaryFolder(), 'cut.json.gz');
    writeFileSync(cut, gzipSync(JSON.stringify(table)).subarray(0, 200));
    expect(errorOf(cut)).toMatchObject({ code: 'TABLE_DAMAGED', exitCode: 2 });
    expect(errorOf(save({ some: 'json' } satisfies Json))).toMatchObject({ code: 'TABLE_FORMAT' });
    expect(errorOf(save(null))).toMatchObject({ code: 'TABLE_FORMAT' });
    expect(without({ rungs: [] })).toMatchObject({
      code: 'TABLE_DAMAGED',
      message: expect.stringContaining('a part is missing'),
    });
    expect(without({ rowOf: [0, 1] })).toMatchObject({ message: expect.stringContaining('it has 2 candidates, its space 576') });
    const short = { ...last!, metrics: { ...last!.metrics, size: [1, null] } };
    expect(without({ rungs: [first, short] })).toMatchObject({
      message: expect.stringContaining('column "size" at 1 of the training'),
    });
    const lacking = { ...last!, metrics: { size: last!.metrics['size'] } };
    expect(without({ rungs: [first, lacking] })).toMatchObject({ message: expect.stringContaining('no column "accuracy"') });
  });
});

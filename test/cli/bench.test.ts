import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { contenderOf } from '../../src/cli/bench/contender.ts';
import { benchSvg } from '../../src/cli/bench/picture.ts';
import { benchProblems } from '../../src/cli/bench/problems.ts';
import { type BenchReport, runBench } from '../../src/cli/bench/run.ts';
import { benchText, meanRanks } from '../../src/cli/bench/text.ts';
import { bench } from '../../src/cli/commands/bench.ts';
import { pick } from '../../src/core/errors.ts';
import { mean } from '../../src/search/bench/statistics.ts';
import { temporaryFolder } from '../executors/harness.ts';
import { nas } from '../fixtures/cli.ts';

const settings = {
  problems: ['zdt4', 'compression'].map((name) => pick('problem', benchProblems, name)),
  contenders: ['evolution', 'random', 'grid'].map(contenderOf),
  trials: 40,
  seeds: 3,
  workers: 1,
};

/** Without what the clock measured. */
const timeless = (report: BenchReport) =>
  JSON.stringify(report, (key, value: unknown) => (key === 'thinkingMs' ? undefined : value));

describe('nas bench', () => {
  it('compares controllers on problems, says who is left out, and gives the same again', async () => {
    const steps: number[] = [];
    const report = await runBench(settings, ({ done, total }) => steps.push(done / total));
    expect(steps).toHaveLength(3 * 2 * 3);
    expect(report.problems.map(({ name, starts }) => [name, starts.map(({ anchors }) => anchors)])).toEqual([
      ['zdt4', [false]],
      ['compression', [false, true]],
    ]);
    expect(report.problems[0]!.refused).toEqual([{ controller: 'grid', reason: expect.stringContaining('cannot try all') }]);
    const anchored = report.problems[1]!.starts[1]!;
    for (const { scale, scores } of anchored.comparisons) {
      for (const { finals } of scores) expect(Math.min(...finals)).toBeGreaterThanOrEqual(anchored.anchorsAlone![scale]!);
    }
    expect(
      meanRanks(report)
        .map(({ searcher }) => searcher)
        .sort(),
    ).toEqual(['evolution', 'random']);
    expect(benchText(report)).toMatch(
      /compression: .*\n[\s\S]*from the anchors, logarithm of the size; the anchors alone: regret 0\.\d+/,
    );
    expect(benchSvg(report)).toMatch(/^<svg[\s\S]*compression, from anchors[\s\S]*<\/svg>$/);
    expect(timeless(await runBench(settings, () => {}))).toBe(timeless(report));
  });

  it('shows random where even draws, counted exactly, must be: the harness adds nothing', async () => {
    const problems = [pick('problem', benchProblems, 'fashion-resnet6')];
    const report = await runBench(
      { ...settings, problems, contenders: [contenderOf('random')], trials: 60, seeds: 12 },
      () => {},
    );
    const { uniform, starts } = report.problems[0]!;
    for (const { scale, scores } of starts[0]!.comparisons) {
      expect(mean(scores[0]!.finals)).toBeGreaterThan(uniform![scale]! - 0.03);
      expect(mean(scores[0]!.finals)).toBeLessThan(uniform![scale]! + 0.03);
    }
  });

  it('prints JSON, and draws pixels', async () => {
    const folder = temporaryFolder();
    const picture = join(folder, 'curves.png');
    const args = ['bench', '--problems', 'zdt1', '--controllers', 'evolution', '--trials', '10', '--seeds', '1'];
    const { code, stdout } = await nas(folder, ...args, '--json', '--picture', picture);
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as BenchReport).problems[0]).toMatchObject({ name: 'zdt1' });
    expect(readFileSync(picture).subarray(1, 4).toString()).toBe('PNG');
    expect(await nas(folder, 'bench', '--seeds', '0')).toMatchObject({ code: 2, stderr: expect.stringContaining('at least 1') });
  });

  it("plays a user's own controller from its file", async () => {
    const folder = temporaryFolder();
    const file = fileURLToPath(new URL('../fixtures/controllers/good.js', import.meta.url));
    const args = ['bench', '--problems', 'zdt1', '--controllers', file, '--trials', '10', '--seeds', '1', '--json'];
    const { code, stdout } = await nas(folder, ...args);
    expect(code).toBe(0);
    const { scores } = (JSON.parse(stdout) as BenchReport).problems[0]!.starts[0]!.comparisons[0]!;
    expect(scores.map(({ searcher }) => searcher).sort()).toEqual([file, 'random'].sort());
    await expect(bench({ trials: 1, seeds: 1, workers: 1, controllers: ['./none.js'] })).rejects.toMatchObject({
      code: 'CONTROLLER_FILE',
    });
  });

  it("leaves a user's own controller out where it does not want to search, and says its reason", async () => {
    const file = fileURLToPath(new URL('../fixtures/controllers/picky.js', import.meta.url));
    const args = ['bench', '--problems', 'zdt1', '--controllers', file, '--trials', '5', '--seeds', '1', '--json'];
    const { stdout } = await nas(temporaryFolder(), ...args);
    const [problem] = (JSON.parse(stdout) as BenchReport).problems;
    expect(problem!.refused).toEqual([{ controller: file, reason: 'likes no networks' }]);
  });

  it('refuses what it does not know', async () => {
    const flags = { trials: 1, seeds: 1, workers: 1 };
    await expect(bench({ ...flags, problems: ['zdt5'] })).rejects.toMatchObject({ code: 'UNKNOWN_PROBLEM', exitCode: 2 });
    await expect(bench({ ...flags, controllers: ['evolutoin'] })).rejects.toThrow('Did you mean "evolution"?');
    await expect(bench({ ...flags, workers: 65 })).rejects.toMatchObject({ code: 'BAD_OPTION' });
    await expect(bench({ ...flags, picture: 'curves.gif' })).rejects.toMatchObject({ code: 'BAD_OPTION' });
  });
});

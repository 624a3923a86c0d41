/**
 * What the look-ahead of a study costs and gives: how busy it keeps 64 workers, and how good the front is that the search
 * finds while its decisions know that much less. Trials are formulas; their durations vary (log-normal), by a clock of its own.
 *
 *   npx tsx experiments/look-ahead/look-ahead.ts [--seeds 10] [--trials 2000]
 *
 * Writes results/look-ahead/look-ahead.json and .md.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { simulateStudy } from './simulate.ts';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '10' }, trials: { type: 'string', default: '2000' } },
});
const workers = 64;
/** Most trials within 20 % of the median duration; and a third of them beyond twice, or below half of it. */
const spreads = [0.25, 1];
const rows: { spread: number; lookAhead: number; busy: number; hypervolume100: number; hypervolume: number }[] = [];
const median = (list: readonly number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!;

for (const spread of spreads) {
  for (const lookAhead of [8, 64, 128, 256, 512, 1024]) {
    const runs = await Promise.all(
      Array.from({ length: Number(values.seeds) }, (_, seed) =>
        simulateStudy({ lookAhead, workers, spread, seed: `${seed}`, trials: Number(values.trials) }),
      ),
    );
    const of = (key: 'busy' | 'hypervolume100' | 'hypervolume') => median(runs.map((run) => run[key]));
    rows.push({ spread, lookAhead, busy: of('busy'), hypervolume100: of('hypervolume100'), hypervolume: of('hypervolume') });
  }
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const lines = rows.map(
  ({ spread, lookAhead, busy, hypervolume100, hypervolume }) =>
    `| ${spread} | ${lookAhead} | ${percent(busy)} | ${hypervolume100.toFixed(4)} | ${hypervolume.toFixed(4)} |`,
);
const markdown = `# Look-ahead

${workers} simulated workers, ${values.trials} trials of \`evolution\`, durations log-normal (spread: standard deviation in powers of
two), the last trials that leave workers idle included; medians over ${values.seeds} seeds. Candidates, metrics and front do not depend on the workers, only
on the look-ahead.

| spread | look-ahead | workers busy | hypervolume after 100 trials | after all |
|---|---|---|---|---|
${lines.join('\n')}
`;
const results = fileURLToPath(new URL('../../results/look-ahead', import.meta.url));
mkdirSync(results, { recursive: true });
writeFileSync(join(results, 'look-ahead.json'), `${JSON.stringify({ workers, trials: Number(values.trials), rows }, null, 2)}\n`);
writeFileSync(join(results, 'look-ahead.md'), markdown);

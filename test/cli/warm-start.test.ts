import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pointsOf } from '../../src/cli/enqueue.ts';
import { factsOf, withStudy } from '../../src/cli/study-facts.ts';
import { warmWish } from '../../src/cli/warm-start.ts';
import { NasError } from '../../src/core/errors.ts';
import { nas } from '../fixtures/cli.ts';
import { writeTinyFashion } from '../fixtures/data.ts';

const space = (objectives = 'accuracy: maximize, size: minimize', keep = '[0.5, 1]') => `
model: { family: resnet, depth: 6, widths: [4, 8], stemStride: 2 }
data: { name: idx, folder: data, validation: 300 }
baseline: { epochs: 0.5, batchSize: 32, learningRate: 0.1 }
trial: { epochs: 0.05, batchSize: 32, learningRate: 0.02 }
latency: { seconds: 0.1 }
objectives: { ${objectives} }
layers:
  - match: "*"
    prune: { keep: ${keep} }
    quantize: { bits: [8, 32] }
`;

let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'nas-warm-'));
  await writeTinyFashion(join(cwd, 'data'), { train: 1500, test: 100 });
  await writeFile(join(cwd, 'one.yaml'), space());
  await writeFile(join(cwd, 'two.yaml'), space(undefined, '[0.5, 0.75, 1]'));
  await writeFile(join(cwd, 'other.yaml'), space('accuracy: maximize, latencyMs: minimize'));
  await writeFile(join(cwd, 'points.json'), JSON.stringify([{ 'stem/prune.keep': 0.5 }, { 'dense/quantize.bits': 8 }]));
});

afterAll(() => rm(cwd, { recursive: true, force: true }));

interface Listed {
  readonly origin: string;
  readonly state: string;
  readonly candidate: Record<string, unknown>;
  readonly metrics: Record<string, number>;
}

const list = async (study: string) => JSON.parse((await nas(cwd, 'ls', '--json', '--study', study)).stdout) as Listed[];
const search = (file: string, ...args: string[]) => nas(cwd, 'search', '--space', file, '--workers', '2', ...args);

describe('what a search is given to begin with', () => {
  it('points first, then the front of an earlier study over another space, then points again', { timeout: 240_000 }, async () => {
    expect((await search('one.yaml', '--start', '', '--enqueue', 'points.json', '--trials', '4')).code).toBe(0);
    const first = await list('one');
    expect(first.map(({ origin }) => origin)).toEqual(['baseline', 'enqueued', 'enqueued', 'surrogate']);
    expect(first[1]!.candidate).toMatchObject({ 'stem/prune.keep': 0.5, 'dense/quantize.bits': 32 });

    const full = await search('one.yaml', '--enqueue', 'points.json', '--trials', '4');
    expect(full.code).toBe(2);
    expect(full.stderr).toContain(
      'has all of its 4 trials: nothing would come of --enqueue. More --trials than that go on with it.',
    );

    const run = await search('two.yaml', '--start', '', '--warm-from', 'one', '--trials', '2');
    expect(run.stdout).toMatch(/candidates? of study "one" are trained and measured anew/);
    const second = await list('two');
    expect(second.map(({ origin }) => origin)).toEqual(['baseline', 'warm']);
    expect(first.map(({ candidate }) => candidate)).toContainEqual(second[1]!.candidate);

    await writeFile(join(cwd, 'more.json'), JSON.stringify({ 'stem/prune.keep': 0.75, 'dense/quantize.bits': 8 }));
    const queued = await nas(cwd, 'enqueue', 'more.json', '--study', 'two');
    expect(queued.stdout).toContain('1 queued in study "two"');
    for (const known of ['trial 1 of two', 'more.json']) {
      const again = await nas(cwd, 'enqueue', known, '--study', 'two');
      expect(again.code).toBe(2);
      expect(again.stderr).toContain('it was tried or queued in study "two" before');
    }
  });

  it('wishes for the same front again when its study goes on, moved as at first', { timeout: 240_000 }, async () => {
    const smallest = Math.min(...(await list('one')).map(({ metrics }) => metrics['size']!));
    const bound = `constraints: [size <= ${(0.95 * smallest) / 1000} kB]`;
    await writeFile(join(cwd, 'bounded.yaml'), space().replace('layers:', `${bound}\nlayers:`));
    const args = ['--start', '', '--warm-from', 'one', '--controller', 'random', '--trials'];
    const begun = await search('bounded.yaml', ...args, '2');
    expect(begun.stdout).toMatch(/warm candidates? would miss a constraint/);
    expect((await search('bounded.yaml', ...args, '6')).code).toBe(0);
    expect((await list('bounded')).map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => 'done'));
  });

  it('takes over the front of a study as it is when the search begins, also where that grows while it is stopped', {
    timeout: 240_000,
  }, async () => {
    const args = ['--study', 'later', '--start', '', '--warm-from', 'one', '--controller', 'random', '--trials'];
    expect((await search('two.yaml', ...args, '2')).code).toBe(0);
    const taken = withStudy({ db: join(cwd, 'nas.db'), study: 'later' }, (_, record) => factsOf(record).start!.trials);
    expect((await search('one.yaml', '--trials', '9')).code).toBe(0);
    const goesOn = await search('two.yaml', ...args, '8');
    expect(goesOn.stdout).toMatch(/front of "one" was taken over before/);
    const warm = (await list('later')).filter(({ origin }) => origin === 'warm');
    expect(warm.length).toBeLessThanOrEqual(taken.filter(({ origin }) => origin === 'warm').length);
    expect((await search('two.yaml', ...args, '8')).code).toBe(0);
  });

  it('refuses an earlier study with other objectives before anything runs', async () => {
    const run = await search('other.yaml', '--warm-from', 'one');
    expect(run.stderr).toMatch(/aims for accuracy \(maximize\), size \(minimize\), this one for accuracy/);
    expect(run.code).toBe(2);
    expect(run.stdout).toBe('');
  });
});

describe('points', () => {
  const facts = () => withStudy({ db: db(), study: 'one' }, (_, record) => factsOf(record));
  const db = () => join(cwd, 'nas.db');
  const inFile = async (text: string) => {
    await writeFile(join(cwd, 'given.json'), text);
    return pointsOf(join(cwd, 'given.json'), facts(), db());
  };

  it('are trials of studies, or maps in a file, one or many', async () => {
    const [one] = pointsOf('trial 3 of study one', facts(), db());
    expect(pointsOf(`3 of one@${db()}`, facts(), 'none.db')).toEqual([one]);
    expect(one!.origin).toBe('enqueued');
    expect(await inFile('{"stem/prune.keep": 0.5}')).toEqual(await inFile('[{"stem/prune.keep": 0.5}]'));
  });

  it('are found in a database whose path has an @ and a space', async () => {
    const folder = join(cwd, 'me@work now');
    await cp(db(), join(folder, 'nas.db'));
    expect(pointsOf(`trial 3 of one@${folder}/nas.db`, facts(), db())).toEqual(pointsOf('3 of one', facts(), db()));
    expect(warmWish(`one@${folder}/nas.db`, facts(), db(), () => {})).toEqual(warmWish('one', facts(), db(), () => {}));
  });

  it.each<[string, string, RegExp]>([
    ['no JSON', 'stem: 1', /cannot be read as JSON/],
    ['nothing', '[]', /it is empty/],
    ['no candidates', '[{}, 3]', /entry 2 is no map/],
    ['an unknown parameter', '{"stem/prune.kep": 0.5}', /no parameter "stem\/prune\.kep"\. Did you mean "stem\/prune\.keep"/],
    ['a value that the space lacks', '{"stem/prune.keep": 0.1}', /"stem\/prune\.keep" is 0\.1; the space allows one of 0\.5, 1/],
  ])('a file with %s is refused', async (_, text, message) => {
    await expect(inFile(text)).rejects.toThrow(message);
  });

  it.each<[string, string, RegExp]>([
    ['a trial that is not there', 'trial 99 of one', /has no trial 99/],
    ['a study that is not there', '1 of nine', /no study "nine"/],
    ['neither file nor trial', 'somewhere', /no such file, and it is no trial/],
  ])('%s is refused', (_, text, message) => {
    expect(() => pointsOf(text, facts(), db())).toThrow(message);
  });

  it('of a study in a database that is not there are refused', () => {
    expect(() => warmWish('one@none.db', facts(), db(), () => {})).toThrow(/none\.db/);
    expect(() => warmWish('two@none.db', facts(), db(), () => {})).toThrow(NasError);
  });
});

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { TrainOptions, TrainResult } from '../../src/network/engine/train.ts';
import { HalfTrained } from '../../src/trial/half-trained.ts';
import { trainToRung } from '../../src/trial/rungs.ts';
import { quiet, recipe, stripes, tinyResnet } from '../network/engine/helpers.ts';

const dataset = stripes(64);
const graph = tinyResnet(dataset.shape);
const options: TrainOptions = { graph, dataset, recipe: recipe({ batchSize: 16, epochs: 4 }), seed: 'a', hooks: quiet };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nas-half-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const contents = ({ graph: { initializers }, curve }: TrainResult) => [
  curve,
  Object.entries(initializers).map(([name, { data }]) => [name, data.join()]),
];

/** Counts steps, and dies before one of them. */
function dyingBefore(step: number) {
  let steps = 0;
  const checkpoint = () => {
    if (++steps === step) throw new Error('killed');
  };
  return { hooks: { ...quiet, checkpoint }, steps: () => steps };
}

it('goes on from the last epoch that ended, to bit by bit the same weights', async () => {
  const whole = await new HalfTrained(folder, 0).train(options, { of: 'whole' });
  const dying = dyingBefore(11); // in the third epoch of four steps each
  await expect(new HalfTrained(folder, 0).train({ ...options, hooks: dying.hooks }, { of: 'killed' })).rejects.toThrow('killed');
  const counting = dyingBefore(Number.POSITIVE_INFINITY);
  const half = new HalfTrained(folder, 0);
  const again = await half.train({ ...options, hooks: counting.hooks }, { of: 'killed' });
  expect(counting.steps()).toBe(8);
  expect(contents(again)).toEqual(contents(whole));
  expect(await readdir(folder)).toHaveLength(2);
  await half.discard();
  expect(await readdir(folder)).toHaveLength(1);
});

it('begins anew where the file is damaged, or of another training', async () => {
  const whole = await new HalfTrained(folder, 0).train(options, { of: 'whole' });
  const [name] = await readdir(folder);
  for (const [identity, prepare] of [
    ['whole', () => writeFile(join(folder, name!), 'damaged')],
    ['another', async () => undefined],
  ] as const) {
    await prepare();
    const counting = dyingBefore(Number.POSITIVE_INFINITY);
    const again = await new HalfTrained(folder, 0).train({ ...options, hooks: counting.hooks }, { of: identity });
    expect(counting.steps(), identity).toBe(16);
    expect(contents(again)).toEqual(contents(whole));
  }
});

it('saves nothing of a short training, and none of a folder that cannot be written', async () => {
  await new HalfTrained(folder).train(options, { of: 'short' });
  expect(await readdir(folder)).toEqual([]);
  await writeFile(join(folder, 'file'), '');
  const { curve } = await new HalfTrained(join(folder, 'file'), 0).train(options, { of: 'unwritable' });
  expect(curve).toHaveLength(4);
});

it('within a rung too', async () => {
  const ends = [0.5, 1];
  const rung = (half: HalfTrained, some: TrainOptions, index: number, from?: { sha256: string; bytes: number }) =>
    trainToRung(some, { index, ends, ...(from ? { from } : {}) }, folder, (own) => half.train(own, { of: 'rung', index }));
  const first = await rung(new HalfTrained(folder, 0), options, 0);
  const { checkpoint } = first.reached.rung!;
  const whole = await rung(new HalfTrained(folder, 1e9), options, 1, checkpoint);
  const dying = dyingBefore(6);
  await expect(rung(new HalfTrained(folder, 0), { ...options, hooks: dying.hooks }, 1, checkpoint)).rejects.toThrow('killed');
  const counting = dyingBefore(Number.POSITIVE_INFINITY);
  const again = await rung(new HalfTrained(folder, 0), { ...options, hooks: counting.hooks }, 1, checkpoint);
  expect(counting.steps()).toBe(4);
  expect(contents(again)).toEqual(contents(whole));
});

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Artefact } from '../../src/core/trial.ts';
import type { TrainOptions } from '../../src/network/engine/train.ts';
import { checkpointPath } from '../../src/trial/checkpoints.ts';
import { trainToRung } from '../../src/trial/rungs.ts';
import { quiet, recipe, stripes, tinyResnet } from '../network/engine/helpers.ts';

const dataset = stripes(64);
const graph = tinyResnet(dataset.shape);
const options: TrainOptions = { graph, dataset, recipe: recipe({ batchSize: 16, epochs: 3 }), seed: 'a', hooks: quiet };
const ends = [1 / 3, 1];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nas-rungs-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const weights = ({ graph: { initializers } }: Awaited<ReturnType<typeof trainToRung>>) =>
  Object.values(initializers).map(({ data }) => data.join());

const last = (from: Artefact) => trainToRung(options, { index: 1, ends, from }, folder);

it('goes on from its checkpoint; a lost or damaged one costs time, not the result', async () => {
  const first = await trainToRung(options, { index: 0, ends }, folder);
  const { checkpoint } = first.reached.rung!;
  expect(first.reached).toEqual({ rung: { index: 0, fidelity: 1 / 3, ends, epochs: 1, checkpoint } });
  expect(first.steps).toBe(4);
  expect(await readdir(folder)).toEqual([`${checkpoint!.sha256}.checkpoint`]);

  const continued = await last(checkpoint!);
  expect(continued.reached).toEqual({ rung: { index: 1, fidelity: 1, ends, epochs: 3 } });
  await writeFile(checkpointPath(folder, checkpoint!.sha256), 'damaged');
  const damaged = await last(checkpoint!);
  await rm(checkpointPath(folder, checkpoint!.sha256));
  const lost = await last(checkpoint!);
  for (const again of [damaged, lost]) {
    expect(weights(again)).toEqual(weights(continued));
    expect(again.curve).toEqual(continued.curve);
    expect(again.reached.notes).toEqual([expect.stringContaining('lost or damaged')]);
  }
});

import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { init } from '../../src/cli/commands/init.ts';
import { checkSpace } from '../../src/cli/compose.ts';
import {
  type Answers,
  aimChoices,
  effortChoices,
  modelChoices,
  techniqueChoices,
  usualAnswers,
} from '../../src/cli/init/answers.ts';
import { efforts, spaceText } from '../../src/cli/init/space-text.ts';
import { writeDrawnShapes } from '../fixtures/data.ts';
import { networkPath } from '../fixtures/networks.ts';
import { plain, writePictures } from '../fixtures/pictures.ts';

const names = (choices: readonly { name: string }[]) => choices.map(({ name }) => name);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nas-init-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('spaceText', () => {
  it('is a space that nas search takes, whatever the answers', () => {
    const answers: fc.Arbitrary<Answers> = fc.record({
      model: fc.constantFrom(...names(modelChoices)),
      data: fc.constantFrom('fashion-mnist', 'spoken-prompts', 'my pictures', 'C:\\data "x"', './a: b'),
      aim: fc.subarray(names(aimChoices)),
      bound: fc.constantFrom('none', 'accuracy >= 80 %', 'size <= 50kB'),
      techniques: fc.subarray(names(techniqueChoices), { minLength: 1 }),
      effort: fc.constantFrom(...names(effortChoices)),
    });
    fc.assert(
      fc.property(answers, (given) => {
        const file = checkSpace(spaceText('mine.yaml', 'mine', given), 'mine.yaml');
        expect(file.goal.objectives).toHaveLength(1 + given.aim.length);
        expect(file.goal.constraints).toHaveLength(given.bound === 'none' ? 0 : 1);
        const used = new Set(
          file.space.parameters.flatMap(({ target }) => (target.kind === 'technique' ? [target.technique] : [])),
        );
        expect([...used].sort()).toEqual([...given.techniques].sort());
        expect(file.search.trials).toBe(efforts[given.effort]!.trials);
      }),
      { numRuns: 30 },
    );
  });
});

describe('nas init', () => {
  it.each(['16', 'true', 'null', '1e3', 'a.b'])('names a study after its file where that is called %s', async (name) => {
    const file = join(folder, `${name}.yaml`);
    expect(await init(file, { yes: true })).toBe(0);
    expect(checkSpace(await readFile(file, 'utf8'), file).name).toBe(name);
  });

  it('refuses a bound on a class that the data lack, and a file for a folder', async () => {
    const at = join(folder, 'pets');
    await writePictures(at, { 'cat/1.png': plain([1, 2, 3]), 'dog/1.png': plain([3, 2, 1]) });
    const refused = (flags: object) => init(join(folder, 'pets.yaml'), { yes: true, data: at, ...flags });
    await expect(refused({ bound: 'recall(cow) >= 50 %' })).rejects.toThrow(
      /the bound is on the class "cow"; .*pets has 2 classes: cat, dog/,
    );
    await expect(refused({ data: join(at, 'cat', '1.png') })).rejects.toThrow(/1\.png is a file: name the folder/);
    await expect(refused({ data: 'fashion-mist' })).rejects.toThrow(/Did you mean "fashion-mnist"\?/);
  });

  it('knows the published recordings, and that they are few', async () => {
    const file = join(folder, 'speech.yaml');
    expect(await init(file, { yes: true, data: 'spoken-prompts' })).toBe(0);
    const text = await readFile(file, 'utf8');
    expect(text).toContain('data: { name: spoken-prompts, validation: 360 }');
    expect(text).toContain('augment: { crop: [0, 4] }');
  });

  it('writes a file that is not there, and none over one that is', async () => {
    const file = join(folder, 'my space!.yaml');
    expect(await init(file, { yes: true })).toBe(0);
    const text = await readFile(file, 'utf8');
    expect(text).toContain('name: my-space-\n');
    expect(checkSpace(text, file).goal.constraints).toHaveLength(1);
    await expect(init(file, { yes: true })).rejects.toMatchObject({ code: 'INIT_EXISTS', exitCode: 2 });
    await writeFile(file, 'precious');
    expect(await init(file, { yes: true, force: true, techniques: ['factor'] })).toBe(0);
    expect(await readFile(file, 'utf8')).toContain('factor:');
  });

  it('refuses what nas search would refuse, and writes nothing', async () => {
    const file = join(folder, 'bad.yaml');
    await expect(init(file, { yes: true, bound: 'sise <= 3' })).rejects.toThrow(/Did you mean "size"/);
    await expect(init(file, { yes: true, model: 'resnt' })).rejects.toThrow(/Did you mean "resnet"/);
    await expect(init(file, { yes: true, techniques: ['prnue'] })).rejects.toThrow(/Did you mean "prune"/);
    await expect(init(join(folder, 'space'), {})).rejects.toThrow(/ends in \.yaml/);
    await expect(init(join(folder, 'none', 'a.yaml'), { yes: true })).rejects.toMatchObject({ code: 'INIT_FILE' });
    await expect(readFile(file)).rejects.toThrow(/ENOENT/);
  });

  it('says how its file is searched, by the name that it has', async () => {
    const file = join(folder, 'my own.yaml');
    expect(await init(file, { yes: true })).toBe(0);
    expect(await readFile(file, 'utf8')).toContain(`\n#   nas search --space '${file}'\n`);
  });

  it('takes a network of the user: its file must be there', async () => {
    const file = join(folder, 'own.yaml');
    await expect(init(file, { yes: true, model: 'net.onnx' })).rejects.toThrow(/net\.onnx/);
    await expect(init(file, { yes: true, model: 'net.pt' })).rejects.toThrow(/net\.pt is no ONNX file: export/);
    expect(spaceText('own.yaml', 'own', { ...usualAnswers, model: 'net.onnx' })).toContain('model: { file: "net.onnx" }');
  });

  it('says how the pictures of a network of the user are prepared, in a line that can be taken as it is', () => {
    const channels = (['rgb', 'grey'] as const).map((colour) => {
      const text = spaceText('own.yaml', 'own', { ...usualAnswers, model: 'net.onnx' }, { name: 'images', count: 100, colour });
      const line = /^# (model: \{ file: "net\.onnx", normalize: .*)/m.exec(text)![1]!;
      return parse(line).model.normalize.mean.length;
    });
    expect(channels).toEqual([3, 1]);
  });

  it('holds out what fits the data, which must be there', async () => {
    const data = join(folder, 'few');
    await mkdir(data);
    await writeDrawnShapes(data, { train: 3000, test: 10 });
    const file = join(folder, 'few.yaml');
    expect(await init(file, { yes: true, data })).toBe(0);
    expect(await readFile(file, 'utf8')).toMatch(/the 500 held-out images[\s\S]*validation: 500 }/);
    await expect(init(join(folder, 'no.yaml'), { yes: true, data: join(folder, 'nixdir') })).rejects.toThrow(/no data folder/);
    expect(spaceText('mine.yaml', 'mine', { ...usualAnswers, effort: 'quick' }, { name: 'idx', count: 60_000 })).toContain(
      'validation: 2000, limit: 10000',
    );
    expect(spaceText('mine.yaml', 'mine', { ...usualAnswers, effort: 'quick' }, { name: 'idx', count: 100 })).toContain(
      'validation: 16 }',
    );
  });

  it('goes over few images more often, in smaller steps, and asks no accuracy of them that nobody knows', async () => {
    const text = (count: number) =>
      spaceText('mine.yaml', 'mine', { ...usualAnswers, effort: 'quick' }, { name: 'images', count });
    const said = (count: number) =>
      [...text(count).matchAll(/^ {2}(epochs|batchSize): ([\d.]+)/gm)].map(([, key, value]) => [key, Number(value)]);
    expect(said(60_000)).toEqual([
      ['epochs', 3],
      ['epochs', 0.5],
    ]);
    expect(said(2500)).toEqual([
      ['epochs', 12],
      ['epochs', 2],
    ]);
    expect(said(300)).toEqual([
      ['epochs', 30],
      ['batchSize', 32],
      ['epochs', 5],
      ['batchSize', 32],
    ]);
    expect(said(20)).toEqual([
      ['epochs', 30],
      ['batchSize', 8],
      ['epochs', 5],
      ['batchSize', 8],
    ]);
    const file = join(folder, 'unbound.yaml');
    await init(file, { yes: true, data: join(folder, 'few') });
    const { goal } = checkSpace(await readFile(file, 'utf8'), file);
    expect(goal.constraints).toEqual([]);
  });

  it('sees what is in a folder of pictures, and how a network of your own takes them', async () => {
    const [data, file] = [join(folder, 'pictures'), join(folder, 'pictures.yaml')];
    await writePictures(data, { 'train/a/1.png': plain([1, 2, 3]), 'train/b/1.png': plain([3, 2, 1]) });
    for (let i = 2; i < 30; i++) await copyFile(join(data, 'train/a/1.png'), join(data, `train/a/${i}.png`));
    expect(await init(file, { yes: true, data })).toBe(0);
    const said = (text: string) => /^data: (.*?) #/m.exec(text)?.[1];
    expect(said(await readFile(file, 'utf8'))).toBe(`{ name: images, folder: "${data}", size: 64, validation: 4 }`);
    await writePictures(data, { 'test/a/1.png': plain([1, 2, 3]), 'val/b/1.png': plain([3, 2, 1]) });
    const withNetwork = () => init(file, { yes: true, force: true, data, model: networkPath('trained') });
    await expect(withNetwork()).rejects.toThrow(/tells 10 classes apart; .*pictures has 2 classes: a, b\./);
    await writePictures(
      data,
      Object.fromEntries(['c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map((name) => [`train/${name}/1.png`, plain([1, 2, 3])])),
    );
    await withNetwork();
    expect(said(await readFile(file, 'utf8'))).toBe(`{ name: images, folder: "${data}", size: 28, colour: grey }`);
    expect(await readFile(file, 'utf8')).toContain('accuracies on the images in the folder for it only');
  });

  it("says a network's path from the file on, which was typed from here on", async () => {
    const file = join(folder, 'deep', 'own.yaml');
    const typed = relative('.', join(folder, 'net.onnx'));
    await expect(init(file, { yes: true, model: typed })).rejects.toThrow(join(folder, 'net.onnx'));
  });

  it('knows the usual answers', () => {
    expect(names(effortChoices)).toEqual(Object.keys(efforts));
    expect(names(effortChoices)).toContain(usualAnswers.effort);
  });
});

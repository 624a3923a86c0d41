import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { loadSpace } from '../../src/cli/compose.ts';
import * as fromSources from '../../src/cli/user-controller/check.ts';
import type { Controller } from '../../src/core/controller.ts';
import type { Json } from '../../src/core/json.ts';
import { builtModule } from '../fixtures/built-nas.ts';

type Check = typeof fromSources;
type Remote = typeof import('../../src/cli/user-controller/remote.ts');

/** Built, since threads that first load a TypeScript loader start slowly. */
const { checkControllerFile } = (await builtModule('cli/user-controller/check.ts')) as Check;
const { openUserController } = (await builtModule('cli/user-controller/remote.ts')) as Remote;

const { model, space, goal } = loadSpace('quick.yaml');
const fileOf = (name: string) => fileURLToPath(new URL(`../fixtures/controllers/${name}.js`, import.meta.url));
const jobOf = (name: string) => ({ file: fileOf(name), model: model as Json, space, goal });
const check = (name: string, seconds?: number) => checkControllerFile(jobOf(name), seconds);

describe('a controller of the user', () => {
  it('is tried out on the space, and taken', async () => {
    await check('good');
  }, 60_000);

  it('is tried out by the sources as well, under a TypeScript loader', async () => {
    await fromSources.checkControllerFile(jobOf('good'));
  }, 60_000);

  it.each([
    ['throws', 'CONTROLLER_THROWS', /threw in ask\(0\): no idea/],
    ['outside', 'CONTROLLER_ANSWER', /no candidate of the space: .*"nonsense"/],
    ['async', 'CONTROLLER_ANSWER', /promise/],
    ['async-tell', 'CONTROLLER_ANSWER', /answered tell with a promise; tell must be over when it returns/],
    ['repeats', 'CONTROLLER_BROKEN', /proposed a network twice/],
    ['none', 'CONTROLLER_FILE', /export one as `controller`/],
    ['missing', 'CONTROLLER_FILE', /no such file/],
  ])(
    'that %s is refused before a study starts',
    async (name, code, message) => {
      await expect(check(name)).rejects.toMatchObject({ code, exitCode: 2, message: expect.stringMatching(message) as string });
    },
    60_000,
  );

  it('may use all that a search gives it; bounds on what is foreseen are not those of the real data', async () => {
    const bounded = { ...goal, constraints: [{ metric: 'size', op: '<=', bound: 10 } as const] };
    await checkControllerFile({ ...jobOf('informed'), goal: bounded });
  }, 60_000);

  it('that never answers is ended, and said to be waited for', async () => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    await expect(check('hangs', 5)).rejects.toMatchObject({ code: 'CONTROLLER_HANGS' });
    expect(written).toHaveBeenCalledWith(expect.stringMatching(/^Trying out controller .*hangs\.js first/));
    written.mockRestore();
  }, 60_000);

  it('that fits no such space is refused with its own reason', async () => {
    await expect(check('picky')).rejects.toMatchObject({
      code: 'CONTROLLER_SPACE',
      message: expect.stringMatching(/does not fit this space: it likes no networks/) as string,
    });
  }, 60_000);

  describe('in its thread', () => {
    const said: string[] = [];
    const context = {
      space,
      goal,
      seed: 'mine',
      keyOf: () => {
        throw new Error('it has its own');
      },
      say: (message: string) => void said.push(message),
    };
    const data = {
      shape: [1, 28, 28],
      classes: Array.from({ length: 10 }, String),
      normalization: { mean: [0], std: [1] },
    } as const;
    const subject = { kind: 'network', model: model as Json, data, times: undefined } as const;
    const open = (name: string) => openUserController({ file: fileOf(name), subject, context, seconds: 20 });
    const draw = (controller: Controller, from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => controller.ask(from + i));

    it('proposes, saves and is restored like one in this thread', async () => {
      const [one, other, third] = [await open('good'), await open('good'), await open('good')];
      const first = draw(one, 0, 6);
      expect(first.every((candidate) => candidate !== undefined)).toBe(true);
      expect(draw(other, 0, 6)).toEqual(first);
      for (const [trial, candidate] of first.entries()) one.tell({ trial, candidate: candidate!, metrics: { accuracy: 0.5 } });
      third.restore(one.save());
      expect(draw(third, 6, 9)).toEqual(draw(one, 6, 9));
    }, 120_000);

    it('is asked on whatever it returns from a result', async () => {
      const controller = await openUserController({
        file: fileOf('informed'),
        subject,
        context: { ...context, logScale: new Set(['size']) },
        seconds: 20,
      });
      const candidate = controller.ask(0)!;
      controller.tell({ trial: 0, candidate, metrics: { accuracy: 0.5 } });
      expect(controller.ask(1)).toBeDefined();
      expect(said.join()).toMatch(/trial 1 has \d+ bytes/);
    }, 120_000);

    it('costs an error where it stops to answer, and may speak', async () => {
      const controller = await openUserController({ file: fileOf('late'), subject, context, seconds: 8 }); // opening has the same limit, on a busy machine too
      expect(said).toContain('I begin');
      draw(controller, 0, 30);
      expect(said.join()).toContain('late.js: my last one');
      expect(() => controller.ask(30)).toThrow(/has not answered ask for 8 s/);
      expect(() => controller.ask(31)).toThrow(/has not answered/);
    }, 120_000);

    it('costs an error where it is not there, or throws', async () => {
      await expect(open('missing')).rejects.toMatchObject({ code: 'CONTROLLER_FILE' });
      const throwing = await open('throws');
      expect(() => throwing.ask(0)).toThrow(/threw in ask\(0\): no idea/);
    }, 120_000);
  });
});

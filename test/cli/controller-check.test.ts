import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadSpace } from '../../src/cli/compose.ts';
import { controllerFor } from '../../src/cli/controller.ts';
import { checkControllerFile } from '../../src/cli/controller-check/check.ts';
import type { Json } from '../../src/core/json.ts';

const { model, space, goal } = loadSpace('quick.yaml');
const fileOf = (name: string) => fileURLToPath(new URL(`../fixtures/controllers/${name}.js`, import.meta.url));
const check = (name: string, seconds?: number) =>
  checkControllerFile({ file: fileOf(name), model: model as Json, space, goal }, seconds);

describe('a controller of the user', () => {
  it('is tried out on the space, and taken', async () => {
    await check('good');
    const definition = await controllerFor(fileOf('good'), space);
    expect(definition.summary).toBe('draws at random');
  }, 60_000);

  it.each([
    ['throws', 'CONTROLLER_THROWS', /threw in ask\(0\): no idea/],
    ['outside', 'CONTROLLER_ANSWER', /no candidate of the space: .*"nonsense"/],
    ['async', 'CONTROLLER_ANSWER', /promise/],
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

  it('that never answers is ended', async () => {
    await expect(check('hangs', 5)).rejects.toMatchObject({ code: 'CONTROLLER_HANGS' });
  }, 60_000);
});

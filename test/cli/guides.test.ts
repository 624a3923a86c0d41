import { spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { guides } from '../../src/cli/commands/guide.ts';
import { program } from '../../src/cli/program.ts';
import { builtNas } from '../fixtures/built-nas.ts';
import { writeTinyFashion } from '../fixtures/data.ts';
import { plain, writePictures } from '../fixtures/pictures.ts';

/** Every command of the README and the guides is typed here, one after the other, at a small size. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const documents = ['README.md', ...guides.map(({ name }) => `src/cli/guides/${name}.md`)];

/** Commands that this test does not type, and why. Their options are looked up. */
const untyped: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^npm (ci|test)$/, 'it would install and test the installation that this test runs in'],
  [/^nas device/, 'it serves until it is stopped: test/cli/device.test.ts'],
  [/^nas ui/, 'it serves until it is stopped: test/ui'],
  [/node serve\.mjs$/, 'it serves until it is stopped: test/export/web.test.ts'],
  [/^nas search --space quick.yaml$/, 'it made the study that all documents begin with'],
  [/^nas search .*--scheduler/, 'one more search: test/cli/search.test.ts'],
  [/^nas watch/, 'it shows the study until it is left: test/cli'],
  [/^nas control/, 'it needs a search under way: test/cli/watch.test.ts'],
];

/** What makes a command small: names and numbers that only the size of the study decides. */
const smaller = (command: string): string => command.replace(/--trials \d{2,}/, '--trials 4').replace(/\b37\b/g, '3');

/** Taken before the bundled spaces, since they lie in the folder where the commands run. */
const space = (name: string, data: string) => `
name: ${name}
model: { family: resnet, depth: 6, widths: [4, 8], stemStride: 2 }
data: { name: idx, folder: ${data}, validation: 200 }
baseline: { epochs: 1, batchSize: 32, learningRate: 0.1 }
trial: { epochs: 0.1, batchSize: 32, learningRate: 0.02 }
latency: { seconds: 0.1 }
objectives: { accuracy: maximize, size: minimize }
layers:
  - match: "{stem,dense}"
    quantize: { bits: [8, 32] }
  - match: "stage*"
    prune: { keep: [0.5, 1] }
search: { trials: 4, controller: random }
`;

/** The lines of a document's sh blocks, without comments, one command each. */
function commandsOf(text: string): string[] {
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```/gms)].map((match) => match[1]!);
  const lines = blocks.flatMap((block) => block.split('\n')).map((line) => line.replace(/\s+#.*$/, '').trim());
  return lines.filter(Boolean).flatMap((line) => (line.startsWith('cd ') ? [line] : line.split(' && ')));
}

const read = (document: string) => readFile(join(root, document), 'utf8');
const typed = await Promise.all(documents.map(async (name) => [name, commandsOf(await read(name))] as const));
const whyNot = (command: string) => untyped.find(([pattern]) => pattern.test(command));

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nas-guides-'));
  const main = await builtNas();
  await mkdir(join(folder, 'bin'));
  for (const [name, line] of [
    ['nas', `exec "${process.execPath}" "${main}" "$@"`],
    ['npx', 'exec "$@"'],
  ] as const) {
    await writeFile(join(folder, 'bin', name), `#!/bin/sh\n${line}\n`);
    await chmod(join(folder, 'bin', name), 0o755);
  }
  await mkdir(join(folder, 'base'));
  await writeTinyFashion(join(folder, 'data'), { train: 600, test: 100 });
  await writePictures(join(folder, 'base', 'pets'), {
    'train/cat/1.png': plain([200, 100, 50]),
    'train/dog/1.png': plain([50, 100, 200]),
    'test/cat/1.png': plain([190, 100, 50]),
  });
  await cp(join(root, 'test/fixtures/prompts'), join(folder, 'base', 'words'), { recursive: true });
  for (const name of ['quick', 'resnet'])
    await writeFile(join(folder, 'base', `${name}.yaml`), space(name, join(folder, 'data')));
  const [, controller] = /^```js\n(.*?)^```/ms.exec(await read('src/cli/guides/own-controller.md'))!;
  await writeFile(join(folder, 'base', 'mine.mjs'), controller!);
  expect(await type('nas search --space quick.yaml', 'base')).toMatchObject({ code: 0 });
}, 300_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A command as a shell runs it, in one of the folders. */
function type(command: string, cwd: string): Promise<{ code: number | null; stderr: string }> {
  const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, XDG_CACHE_HOME: join(folder, 'cache') };
  const child = spawn('sh', ['-c', command], { cwd: join(folder, cwd), env, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, stderr }));
  });
}

/** Commands by the words that call them: `export`, `control add`. */
function declared(words: readonly string[]) {
  let command = program();
  for (const word of words) {
    const next = command.commands.find((each) => each.name() === word);
    if (!next) break;
    command = next;
  }
  return command;
}

describe.each(typed)('%s', (document, commands) => {
  const cwd = document.replaceAll(/\W/g, '-');

  it('has commands', () => expect(commands.length).toBeGreaterThan(0));

  it.each(commands.filter((command) => !whyNot(command)))('%s', { timeout: 240_000 }, async (command) => {
    await cp(join(folder, 'base'), join(folder, cwd), { recursive: true, force: false, errorOnExist: false });
    expect(await type(smaller(command), cwd)).toMatchObject({ code: 0, stderr: expect.not.stringMatching(/^error/m) });
  });

  it.each(commands.filter((command) => whyNot(command)?.[0].source.startsWith('^nas') ?? false))(
    '%s has only options that there are',
    (command) => {
      const words = command.split(/\s+/).slice(1);
      const known = declared(words).options.flatMap(({ long, short }) => [long, short]);
      for (const word of words.filter((each) => each.startsWith('-'))) expect(known).toContain(word);
    },
  );
});

describe('help', () => {
  const commands = program().commands.filter((command) => command.name() !== 'complete');

  it.each(commands.map((command) => command.name()))('nas help %s has examples whose options there are', (name) => {
    const text = helpText(name);
    expect(text, `src/cli/help.ts lacks examples for nas ${name}`).toContain('Examples:');
    const lines = [...text.matchAll(/^ {2}(nas .*?)(?: {2,}.*)?$/gm)].map((match) => match[1]!);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      const words = line.split(/\s+/).slice(1);
      expect(words[0]).toBe(name);
      const known = declared(words).options.flatMap(({ long, short }) => [long, short]);
      for (const word of words.filter((each) => /^--?[a-z]/.test(each))) expect(known, line).toContain(word);
    }
  });
});

/** What `nas help NAME` prints. */
function helpText(name: string): string {
  let text = '';
  const command = declared([name]);
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

describe('commands that are not typed', () => {
  it.each(untyped)('%s stands in a document: %s', (pattern) => {
    expect(typed.some(([, commands]) => commands.some((command) => pattern.test(command)))).toBe(true);
  });
});

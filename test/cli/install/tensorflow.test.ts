import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installTensorflow } from '../../../src/cli/install/tensorflow.ts';
import type { ToolResult, Tools } from '../../../src/cli/install/tools.ts';

const ok = (stdout = ''): ToolResult => ({ code: 0, stdout, stderr: '' });

let root: string;
let pip: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'nas-install-'));
  pip = join(root, 'tensorflow');
  for (const file of ['include/tensorflow/c/c_api.h', 'libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']) {
    await mkdir(dirname(join(pip, file)), { recursive: true });
    await writeFile(join(pip, file), '');
  }
});

afterAll(() => rm(root, { recursive: true, force: true }));

/** A system where everything works, but for what is replaced. */
function system(change: Partial<Record<'version' | 'python3' | 'g++' | 'npm' | 'compile', () => ToolResult>> = {}): Tools {
  return {
    platform: 'linux',
    async run(program, args, options) {
      if (program === 'python3' && args[0] === '--version') return change.version?.() ?? ok('Python 3.11.2');
      if (program === 'python3') return change.python3?.() ?? ok(JSON.stringify({ version: '2.21.0', folder: pip, cuda: false }));
      if (program === 'npm') {
        const binding = join(options!.cwd!, 'node_modules/@tensorflow/tfjs-node/binding');
        await mkdir(binding, { recursive: true });
        await writeFile(join(binding, 'one.cc'), '');
        return change.npm?.() ?? ok();
      }
      if (args[0] === '--version') return change['g++']?.() ?? ok('g++ 12');
      return change.compile?.() ?? ok();
    },
  };
}

const install = (tools: Tools, target: string, say: (line: string) => void = () => undefined) =>
  installTensorflow({ python: 'python3', target, tools, say });

describe('the installation of TensorFlow', () => {
  it('tells its steps and puts the package in place', async () => {
    const steps: string[] = [];
    const target = join(root, 'right');
    expect(await install(system(), target, (line) => steps.push(line.slice(0, 3)))).toMatchObject({ version: '2.21.0' });
    expect(steps).toEqual(['1/4', '2/4', '3/4', '4/4']);
    expect(existsSync(join(target, 'node_modules/@tensorflow/tfjs-node/lib/napi-v8'))).toBe(true);
  });

  it.each<[string, Tools, RegExp]>([
    ['no Python', system({ version: () => ({ code: undefined, stdout: '', stderr: 'ENOENT' }) }), /no Python "python3"/],
    ['a program that is no Python', system({ version: () => ok('ls (GNU coreutils) 9.1') }), /this is no Python 3/],
    ['a Python that answers nothing', system({ python3: () => ok() }), /does not say where its TensorFlow is/],
    [
      'a Python that fails',
      system({ python3: () => ({ code: 1, stdout: '', stderr: 'SyntaxError: here' }) }),
      /SyntaxError: here/,
    ],
    ['no TensorFlow', system({ python3: () => ok('{}') }), /has no TensorFlow.*pip install tensorflow/s],
    [
      'half a TensorFlow',
      system({ python3: () => ok(JSON.stringify({ version: '2', folder: '/nowhere', cuda: false })) }),
      /incomplete: include.*libtensorflow_cc/,
    ],
    [
      'no compiler',
      system({ 'g++': () => ({ code: undefined, stdout: '', stderr: '' }) }),
      /no C\+\+ compiler.*apt-get install g\+\+/,
    ],
    [
      'no network',
      system({ npm: () => ({ code: 1, stdout: '', stderr: 'npm error ENOTFOUND' }) }),
      /npm cannot fetch.*ENOTFOUND/s,
    ],
    [
      'a binding that does not fit',
      system({ compile: () => ({ code: 1, stdout: '', stderr: 'no member TF_X' }) }),
      /does not compile.*TF_X/s,
    ],
    ['another system', { ...system(), platform: 'win32' }, /npm install @tensorflow\/tfjs-node/],
  ])('%s: says what to do and leaves nothing behind', async (name, tools, message) => {
    await expect(install(tools, join(root, `failed ${name}`))).rejects.toMatchObject({
      code: 'ENGINE_INSTALL',
      message: expect.stringMatching(message),
    });
    expect((await readdir(root)).filter((file) => file.startsWith('failed'))).toEqual([]);
  });

  it('leaves an earlier installation where the new one fails', async () => {
    const target = join(root, 'earlier');
    await install(system(), target);
    await expect(install(system({ compile: () => ({ code: 1, stdout: '', stderr: '' }) }), target)).rejects.toThrow();
    expect(existsSync(join(target, 'node_modules'))).toBe(true);
  });
});

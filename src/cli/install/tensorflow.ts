import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exitCodes, NasError } from '../../core/errors.ts';
import { lastLines, type Tools } from './tools.ts';

/**
 * TensorFlow.js for Node on the TensorFlow that pip has installed. Its own download is TensorFlow 2.9 with CUDA 11; its
 * binding compiles against any current one, whose wheel brings the headers and the library.
 */

export interface TensorflowInstall {
  readonly python: string;
  /** Where it goes; replaced where it is there already. */
  readonly target: string;
  readonly tools: Tools;
  /** Told at the beginning of each step. */
  readonly say: (line: string) => void;
}

/** What pip has. */
export interface PipTensorflow {
  readonly version: string;
  /** The package's folder. */
  readonly folder: string;
  readonly cuda: boolean;
}

const jsVersion = '4.22.0';
/** N-API's own headers, so that Node's need not be there. */
const headersVersion = '1.9.0';
/** The folder in which TensorFlow.js looks for its binding. */
const bindingFolder = 'napi-v8';

/** @throws NasError ENGINE_INSTALL at the step that fails, with what to do. Nothing is changed then. */
export async function installTensorflow({ python, target, tools, say }: TensorflowInstall): Promise<PipTensorflow> {
  if (tools.platform !== 'linux') {
    throw failed('building TensorFlow.js is written for Linux. Elsewhere: npm install @tensorflow/tfjs-node');
  }
  say(`1/4  TensorFlow of ${python}`);
  const pip = await findPipTensorflow(python, tools);
  say(`2/4  a C++ compiler for TensorFlow ${pip.version}${pip.cuda ? ' with CUDA' : ', CPU only'}, in ${pip.folder}`);
  const compiler = process.env['CXX'] ?? 'g++';
  await checkCompiler(compiler, tools);
  const name = pip.cuda ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node';
  const staging = `${target}.new`;
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true });
  try {
    say(`3/4  ${name} ${jsVersion} from npm (300 MB)`);
    await fetchPackage(name, staging, tools);
    say('4/4  compiling its binding');
    await compile(compiler, join(staging, 'node_modules', name), staging, pip, tools);
    await rm(target, { recursive: true, force: true });
    await rename(staging, target);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return pip;
}

/** Found without importing it, which takes seconds. `is_cuda_build` stands in its build_info.py. */
const findScript = `
import importlib.util, json, os
spec = importlib.util.find_spec("tensorflow")
if spec is None or spec.origin is None: print("{}")
else:
    folder = os.path.dirname(spec.origin)
    info = os.path.join(folder, "python", "platform", "build_info.py")
    text = open(info).read() if os.path.exists(info) else ""
    version = ""
    from importlib import metadata
    for name in ("tensorflow", "tensorflow-cpu", "tf-nightly"):
        try: version = metadata.version(name); break
        except metadata.PackageNotFoundError: pass
    print(json.dumps({"version": version, "folder": folder, "cuda": "('is_cuda_build', True)" in text}))
`;

const howToGet =
  'python3 -m venv ~/tf && ~/tf/bin/pip install tensorflow   (NVIDIA GPU: "tensorflow[and-cuda]"), then\n  nas engine install tensorflow --python ~/tf/bin/python';

async function findPipTensorflow(python: string, tools: Tools): Promise<PipTensorflow> {
  await checkPython(python, tools);
  const result = await tools.run(python, ['-c', findScript]);
  if (result.code !== 0) throw failed(`${python} failed:\n${lastLines(result)}`);
  const found = answerOf(result.stdout);
  if (!found) throw failed(`${python} does not say where its TensorFlow is; it answers:\n${lastLines(result)}`);
  if (found.folder === undefined) throw failed(`${python} has no TensorFlow. Get one:\n  ${howToGet}`);
  const parts = ['include/tensorflow/c/c_api.h', 'libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
  const absent = parts.filter((part) => !existsSync(join(found.folder!, part)));
  if (absent.length > 0) {
    throw failed(
      `the TensorFlow in ${found.folder} is incomplete: ${absent.join(', ')} missing. Install it anew:\n  ${howToGet}`,
    );
  }
  return found as PipTensorflow;
}

/** Anything can be named as Python; what it is not is said before it is given a program to run. */
async function checkPython(python: string, tools: Tools): Promise<void> {
  const { code, stdout, stderr } = await tools.run(python, ['--version']);
  if (code === undefined) {
    throw unusable(
      `there is no Python "${python}" here. Name one with --python, or install it (Debian: apt-get install python3-venv).`,
    );
  }
  if (!/^Python 3\./m.test(`${stdout}\n${stderr}`))
    throw unusable(`--python ${python}: this is no Python 3. Name one, such as ~/tf/bin/python.`);
}

/** The last line that is an object: what a user's own start-up files print comes before it. */
function answerOf(stdout: string): Partial<PipTensorflow> | undefined {
  try {
    const answer: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    return typeof answer === 'object' && answer !== null ? answer : undefined;
  } catch {
    return undefined;
  }
}

async function checkCompiler(compiler: string, tools: Tools): Promise<void> {
  const { code } = await tools.run(compiler, ['--version']);
  if (code !== 0) throw failed(`there is no C++ compiler "${compiler}". Debian: apt-get install g++; or set CXX.`);
}

async function fetchPackage(name: string, folder: string, tools: Tools): Promise<void> {
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  const packages = [`${name}@${jsVersion}`, `node-api-headers@${headersVersion}`];
  const flags = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--save-exact'];
  const result = await tools.run('npm', [...flags, ...packages], { cwd: folder });
  if (result.code !== 0) throw failed(`npm cannot fetch ${packages.join(' and ')}:\n${lastLines(result)}`);
}

async function compile(compiler: string, root: string, staging: string, pip: PipTensorflow, tools: Tools): Promise<void> {
  const binding = join(root, 'binding');
  const sources = (await readdir(binding)).filter((file) => file.endsWith('.cc')).map((file) => join(binding, file));
  const output = join(root, 'lib', bindingFolder, 'tfjs_binding.node');
  await mkdir(dirname(output), { recursive: true });
  const includes = [root, join(pip.folder, 'include'), join(staging, 'node_modules', 'node-api-headers', 'include')];
  const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'].map((file) => join(pip.folder, file));
  const result = await tools.run(compiler, [
    '-shared',
    '-fPIC',
    '-O2',
    '-std=c++17',
    '-DNAPI_VERSION=8',
    ...includes.map((folder) => `-I${folder}`),
    '-o',
    output,
    ...sources,
    ...libraries,
    // The old kind of run path also serves the libraries that TensorFlow loads later, such as CUDA's.
    '-Wl,--disable-new-dtags',
    ...(await runPaths(pip)).map((folder) => `-Wl,-rpath,${folder}`),
  ]);
  if (result.code !== 0)
    throw failed(`the binding does not compile against TensorFlow ${pip.version}:\n${lastLines(result, 12)}`);
}

/** TensorFlow's own folder, and those of the CUDA wheels beside it. */
async function runPaths({ folder }: PipTensorflow): Promise<string[]> {
  const nvidia = join(folder, '..', 'nvidia');
  const parts = existsSync(nvidia) ? await readdir(nvidia) : [];
  return [folder, ...parts.map((part) => join(nvidia, part, 'lib')).filter((path) => existsSync(path))];
}

const unusable = (message: string) => new NasError('ENGINE_INSTALL', message);

const failed = (message: string) => new NasError('ENGINE_INSTALL', message, { exitCode: exitCodes.failure });

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { exitCodes, NasError } from '../../core/errors.ts';
import { lastLines, type Tools } from './tools.ts';

/**
 * onnxruntime's CUDA provider, which is too large for npm: the package's own script fetches it from NuGet.
 *
 * @throws NasError ENGINE_INSTALL with what the script said.
 */
export async function installCuda(tools: Tools, say: (line: string) => void): Promise<void> {
  if (tools.platform !== 'linux' || process.arch !== 'x64') throw failed('onnxruntime-node has CUDA for Linux x64 only.');
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  const script = join(root, 'script', 'install.js');
  say('fetching the CUDA provider of onnxruntime (about 300 MB; needs CUDA 12 and cuDNN 9 to run)');
  const result = await tools.run(process.execPath, [script], { cwd: root, env: { ONNXRUNTIME_NODE_INSTALL: 'cuda12' } });
  const library = join(root, 'bin', 'napi-v6', 'linux', 'x64', 'libonnxruntime_providers_cuda.so');
  if (result.code === 0 && existsSync(library)) return;
  throw failed(`it could not be fetched:\n${lastLines(result)}`);
}

const failed = (message: string) => new NasError('ENGINE_INSTALL', message, { exitCode: exitCodes.failure });

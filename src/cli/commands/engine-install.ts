import { exitCodes, NasError, pick } from '../../core/errors.ts';
import type { EngineSetup } from '../../network/engine/choice.ts';
import { tensorflowFolder } from '../../network/engine/tensorflow/package.ts';
import { probeHere } from '../engine.ts';
import { installCuda } from '../install/cuda.ts';
import { installTensorflow } from '../install/tensorflow.ts';
import { systemTools } from '../install/tools.ts';
import { note, print } from '../output.ts';

interface InstallFlags {
  readonly python: string;
}

interface Installation {
  readonly name: string;
  /** Returns the setup that works afterwards. */
  install(flags: InstallFlags): Promise<EngineSetup>;
}

const installations: readonly Installation[] = [
  {
    name: 'tensorflow',
    async install({ python }) {
      const { cuda } = await installTensorflow({ python, target: tensorflowFolder(), tools: systemTools, say: note });
      return { engine: 'tensorflow', device: cuda ? 'cuda' : 'cpu', lowering: 'none' };
    },
  },
  {
    name: 'cuda',
    async install() {
      await installCuda(systemTools, note);
      return { engine: 'onnxruntime', device: 'cuda', lowering: 'portable' };
    },
  },
];

/** `nas engine install <name>`: puts an engine in place that npm did not bring, then trains one step with it. */
export async function installEngine(name: string, flags: InstallFlags): Promise<void> {
  const setup = await pick('installation', installations, name).install(flags);
  note('trying it: one train step, compared with onnxruntime');
  const reason = await probeHere(setup, false);
  if (reason !== undefined) {
    const message = `${name} is installed, but cannot be used: ${reason}`;
    throw new NasError('ENGINE_UNAVAILABLE', message, { facts: { reason }, exitCode: exitCodes.failure });
  }
  print(`It works. Use it: nas search --space FILE --engine ${setup.engine} --device ${setup.device}`);
}

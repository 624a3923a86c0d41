import type { EngineRequest, EngineSetup } from '../choice.ts';
import { lowerings } from '../lowering/index.ts';

/** Every setup there is, the preferred first: a GPU before the CPU, onnxruntime before TensorFlow. */
export const setups: readonly EngineSetup[] = [
  ...onOnnxruntime('cuda'),
  { engine: 'tensorflow', device: 'cuda', lowering: 'none' },
  { engine: 'shaders', device: 'webgpu', lowering: 'none' },
  ...onOnnxruntime('webgpu'),
  ...onOnnxruntime('cpu'),
  { engine: 'tensorflow', device: 'cpu', lowering: 'none' },
];

function onOnnxruntime(device: EngineSetup['device']): EngineSetup[] {
  const fitting = lowerings.filter((lowering) => lowering.devices.includes(device));
  return fitting.map(({ name }) => ({ engine: 'onnxruntime', device, lowering: name }));
}

/** The setups that a request leaves open, in order. */
export const candidates = ({ engine, device, lowering }: EngineRequest): readonly EngineSetup[] =>
  setups.filter(
    (setup) =>
      (engine === 'auto' || setup.engine === engine) &&
      (device === 'auto' || setup.device === device) &&
      (lowering === undefined || setup.lowering === lowering),
  );

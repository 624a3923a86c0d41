/** What a network is trained with. Plain data: decided once per search, then handed to every process and thread. */

export const engineNames = ['onnxruntime', 'shaders', 'tensorflow'] as const;
export type EngineName = (typeof engineNames)[number];

export const deviceNames = ['cpu', 'cuda', 'webgpu'] as const;
export type Device = (typeof deviceNames)[number];

/** What decides the numbers: results of two setups that differ here differ in rounding, and are not mixed in one study. */
export interface EngineSetup {
  readonly engine: EngineName;
  readonly device: Device;
  /** How the training ops of a step become ops of the runtime (engine/lowering); 'none' where the engine has them itself. */
  readonly lowering: string;
}

export interface EngineChoice extends EngineSetup {
  /** For people: why not the ones that would have come before, one line each. */
  readonly reasons: readonly string[];
}

/** What is asked for; 'auto' and an absent lowering leave it to the probe. */
export interface EngineRequest {
  readonly engine: EngineName | 'auto';
  readonly device: Device | 'auto';
  readonly lowering?: string;
}

/** Works everywhere and needs no probe: what training uses where nothing was chosen. */
export const defaultEngine: EngineChoice = { engine: 'onnxruntime', device: 'cpu', lowering: 'portable', reasons: [] };

export const setupOfChoice = ({ engine, device, lowering }: EngineSetup): EngineSetup => ({ engine, device, lowering });

export const isSameSetup = (a: EngineSetup, b: EngineSetup): boolean =>
  a.engine === b.engine && a.device === b.device && a.lowering === b.lowering;

/** `onnxruntime on cpu (portable)` */
export const describeSetup = ({ engine, device, lowering }: EngineSetup): string => `${engine} on ${device} (${lowering})`;

import { NasError } from '../../../core/errors.ts';
import { defaultEngine, describeSetup, type EngineChoice, type EngineRequest, type EngineSetup, isSameSetup } from '../choice.ts';
import { candidates } from './candidates.ts';

/**
 * Tries a setup on this machine; resolves with why it cannot be used, or undefined where it can. `quick`: what is right
 * but much slower than it should be cannot, because nobody asked for it by name.
 */
export type Probe = (setup: EngineSetup, quick: boolean) => Promise<string | undefined>;

/**
 * The first setup that the request allows and the probe finds usable. onnxruntime on the CPU with the portable lowering
 * is what all others are compared with: it needs no probe.
 *
 * @throws NasError ENGINE_UNAVAILABLE where nothing that was asked for can be used, with the reason of each.
 */
export async function chooseEngine(request: EngineRequest, probe: Probe): Promise<EngineChoice> {
  const reasons: string[] = [];
  for (const setup of candidates(request)) {
    const reason = isSameSetup(setup, defaultEngine) ? undefined : await probe(setup, request.device === 'auto');
    if (reason === undefined) return { ...setup, reasons };
    reasons.push(`${describeSetup(setup)}: ${reason}`);
  }
  throw unavailable(request, reasons);
}

function unavailable({ engine, device, lowering }: EngineRequest, reasons: readonly string[]): NasError {
  const asked = [
    ...(engine === 'auto' ? [] : [`engine ${engine}`]),
    ...(device === 'auto' ? [] : [`device ${device}`]),
    ...(lowering === undefined ? [] : [`lowering ${lowering}`]),
  ].join(', ');
  const why = reasons.length > 0 ? reasons.join('\n  ') : 'they do not go together.';
  return new NasError('ENGINE_UNAVAILABLE', `${asked} cannot be used here:\n  ${why}`, {
    facts: { engine, device, reasons: [...reasons] },
  });
}

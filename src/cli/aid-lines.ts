import type { Json } from '../core/json.ts';
import { formatPercent } from '../dashboard/format.ts';
import type { ConvergenceRecord } from '../trial/convergence.ts';
import type { FirstAidRecord } from '../trial/first-aid.ts';

/** What a trial's record says of a network that did not learn, or that finishing it broke: the worst layer, and what was done. */
export function aidLines(details: Json | undefined): string[] {
  const { convergence, firstAid } = (details ?? {}) as {
    readonly convergence?: ConvergenceRecord;
    readonly firstAid?: FirstAidRecord;
  };
  return [...(convergence ? convergenceLines(convergence) : []), ...(firstAid ? firstAidLines(firstAid) : [])];
}

function convergenceLines({ forecast, trained, layers, remedy }: ConvergenceRecord): string[] {
  const reached = trained ? `ended at ${formatPercent(trained.accuracy)}` : 'diverged';
  const failed = `training as planned ${reached} on training images, where ${formatPercent(forecast.accuracy)} was foreseen without any; most is lost by ${layers[0]!.layer}`;
  return remedy ? [failed, remedyLine(remedy)] : [failed];
}

function firstAidLines({ before, planned, layers, remedy }: FirstAidRecord): string[] {
  const broken = `quantized as planned, accuracy fell from ${formatPercent(before.accuracy)} to ${formatPercent(planned.accuracy)} on training images; most by ${layers[0]!.layer}`;
  return remedy ? [broken, remedyLine(remedy)] : [broken];
}

function remedyLine({ name, layers, accuracy, seconds }: NonNullable<FirstAidRecord['remedy']>): string {
  const where = layers.length === 0 ? '' : ` at ${layers.join(', ')}`;
  const cost = seconds === undefined ? '' : `, trained again in ${seconds.toFixed(1)} s`;
  return `first aid: ${name}${where}: ${formatPercent(accuracy)}${cost}; measured so`;
}

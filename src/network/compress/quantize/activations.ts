import { exitCodes, NasError } from '../../../core/errors.ts';
import type { Graph } from '../../ir/graph.ts';
import type { Statistics } from '../technique.ts';
import { calibrations } from './calibration.ts';
import type { IntegerLayout } from './layout.ts';
import { type Affine, activationScale } from './parameters.ts';
import { modes, type Settings } from './settings.ts';

/** Values with a scale of their own. */
export const scaledValues = ({ scaleOf }: IntegerLayout): readonly string[] => [...new Set(scaleOf.values())];

/**
 * The settings that each of them follows: of the first layer that reads it and is trained so, else of the first that
 * reads it, else of the last layer before it. `chosen`: settings by the name of the layer.
 */
export function ownersOf(
  graph: Graph,
  layout: IntegerLayout,
  chosen: ReadonlyMap<string, Settings>,
): ReadonlyMap<string, Settings> {
  const owners = new Map<string, Settings>();
  const own = (value: string | undefined, settings: Settings | undefined) => {
    if (value !== undefined && settings && !owners.has(value)) owners.set(value, settings);
  };
  const readers = graph.nodes.flatMap((node) => {
    const settings = chosen.get(node.name);
    return settings ? [{ value: layout.scaleOf.get(node.inputs[0]!), settings }] : [];
  });
  for (const { value, settings } of readers) if (modes[settings.mode].simulated) own(value, settings);
  for (const { value, settings } of readers) own(value, settings);
  let last: Settings | undefined;
  for (const node of graph.nodes) {
    last = chosen.get(node.name) ?? last;
    for (const output of node.outputs) own(layout.scaleOf.get(output), last);
  }
  return owners;
}

/** Scale and zero point of a value. Where the range has to clip like a Relu it starts at 0, whatever was measured. */
export function calibrated(value: string, { calibration }: Settings, { clips }: IntegerLayout, statistics: Statistics): Affine {
  const found = statistics[value];
  if (!found || !Number.isFinite(found.min) || !Number.isFinite(found.max)) {
    const range = found ? `${found.min} to ${found.max}` : 'none';
    throw new NasError('COMPRESS_STATISTICS', `quantize needs the range of "${value}", but calibration gave ${range}.`, {
      facts: { value },
      exitCode: exitCodes.failure,
    });
  }
  const range = calibrations[calibration](found);
  const clipped = [...clips].some((relu) => relu.outputs[0] === value);
  return activationScale(clipped ? { min: 0, max: range.max } : range);
}

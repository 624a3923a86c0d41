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

/**
 * onnxruntime's integer mean refuses a result whose scale is less than a 256th of its input's (over the places of a plane), as
 * where a network is all but silent: there the scale is as large as it takes.
 */
export function computable(layout: IntegerLayout, scales: ReadonlyMap<string, Affine>): ReadonlyMap<string, Affine> {
  const wider = new Map(scales);
  for (const { op, inputs, outputs } of layout.kernels) {
    const [from, to] = [inputs[0], outputs[0]].map((value) => layout.scaleOf.get(value ?? '') ?? '') as [string, string];
    const [input, output] = [wider.get(from), wider.get(to)];
    if (op !== 'GlobalAveragePool' || !input || !output) continue;
    const scale = Math.max(output.scale, Math.fround(input.scale / 255));
    wider.set(to, { scale, zeroPoint: Math.round((output.zeroPoint * output.scale) / scale) });
  }
  return wider;
}

import { NasError } from '../../../../core/errors.ts';
import type { Attribute, Node, Tensor } from '../../graph.ts';

/** Attribute readers: the value, or the default of the ONNX specification where the attribute is left out. */
export const readInt = (node: Node, name: string, fallback: number): number => read(node, name, 'int') ?? fallback;
export const readFloat = (node: Node, name: string, fallback: number): number => read(node, name, 'float') ?? fallback;
export const readString = (node: Node, name: string, fallback: string): string => read(node, name, 'string') ?? fallback;
export const readInts = (node: Node, name: string): readonly number[] | undefined => read(node, name, 'ints');
export const readTensor = (node: Node, name: string): Tensor | undefined => read(node, name, 'tensor');

export function requireInts(node: Node, name: string): readonly number[] {
  const value = readInts(node, name);
  if (!value) throw new NasError('IR_ATTRIBUTE', `node "${node.name}" (${node.op}): the attribute "${name}" is missing`);
  return value;
}

type Values = { [A in Attribute as A['kind']]: A['value'] };

function read<K extends keyof Values>(node: Node, name: string, kind: K): Values[K] | undefined {
  const attribute = node.attributes[name];
  if (attribute === undefined) return undefined;
  if (attribute.kind !== kind) {
    throw new NasError(
      'IR_ATTRIBUTE',
      `node "${node.name}" (${node.op}): the attribute "${name}" is of kind ${attribute.kind}, expected ${kind}`,
    );
  }
  return attribute.value as Values[K];
}

import { NasError } from '../../../core/errors.ts';
import type { Node } from '../graph.ts';
import type { OpEntry } from '../op.ts';
import { binaryOps } from './binary.ts';
import { blockedOps } from './blocked.ts';
import { controlOps } from './control.ts';
import { convolutionOps } from './convolution.ts';
import { linearOps } from './linear.ts';
import { normalizationOps } from './normalization.ts';
import { poolingOps } from './pooling.ts';
import { quantizationOps } from './quantization.ts';
import { reductionOps } from './reduction.ts';
import { shapingOps } from './shaping.ts';
import { slicingOps } from './slicing.ts';
import { unaryOps } from './unary.ts';

/**
 * Every op that is known, one entry each (ONNX opset 17; the domain 'espalier' is ours, for training;
 * com.microsoft.nchwc is onnxruntime's blocked layout).
 * To add one: write its entry in the file of its family and add it to that file's list; the conformance test then
 * asks for its reference in test/fixtures.
 */
export const ops: readonly OpEntry[] = [
  ...unaryOps,
  ...binaryOps,
  ...linearOps,
  ...convolutionOps,
  ...poolingOps,
  ...normalizationOps,
  ...shapingOps,
  ...slicingOps,
  ...reductionOps,
  ...quantizationOps,
  ...controlOps,
  ...blockedOps,
];

/** By domain, then by name: com.microsoft has ops of the same names as ONNX. */
const byDomain = new Map<string, Map<string, OpEntry>>();
for (const entry of ops) {
  const own = byDomain.get(entry.domain) ?? new Map<string, OpEntry>();
  byDomain.set(entry.domain, own.set(entry.op, entry));
}

const entryOf = ({ op, domain }: Pick<Node, 'op' | 'domain'>): OpEntry | undefined => byDomain.get(domain)?.get(op);

export const isKnownOp = (node: Pick<Node, 'op' | 'domain'>): boolean => entryOf(node) !== undefined;

/** The entry of a node's op; throws NasError('IR_UNKNOWN_OP'). */
export function opEntry(node: Pick<Node, 'op' | 'domain' | 'name'>): OpEntry {
  const entry = entryOf(node);
  if (entry) return entry;
  const domain = node.domain === '' ? '' : ` of the domain "${node.domain}"`;
  throw new NasError('IR_UNKNOWN_OP', `node "${node.name}": the op ${node.op}${domain} is not supported.`, {
    facts: { node: node.name, op: node.op, domain: node.domain },
  });
}

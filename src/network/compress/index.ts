/**
 * Techniques. To add one: a file beside this one that calls `defineTechnique`, and its name in the list below.
 * Nothing else knows a technique by its name; the conformance tests run over the list.
 */
import { attention } from './attention.ts';
import { depth } from './depth.ts';
import { distil } from './distil.ts';
import { drop } from './drop.ts';
import { exit } from './exit.ts';
import { factor } from './factor.ts';
import { hint } from './hint.ts';
import { kernel } from './kernel.ts';
import { order } from './order.ts';
import { prune } from './prune-channels.ts';
import { quantize } from './quantize.ts';
import { skip } from './skip.ts';
import { slim } from './slim.ts';
import { sparsify } from './sparsify.ts';
import type { Technique } from './technique.ts';
import { width } from './width.ts';

export const techniques: readonly Technique[] = [
  width,
  kernel,
  depth,
  drop,
  slim,
  skip,
  exit,
  factor,
  prune,
  sparsify,
  quantize,
  distil,
  attention,
  hint,
  order,
];

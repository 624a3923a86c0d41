import type { Candidate } from '../../core/candidate.ts';
import type { ProbeResult, Sensitivity } from './measure.ts';

export interface KnapsackParts {
  readonly sensitivity: Sensitivity;
  /** Everything left as dense as the space allows. */
  readonly base: Candidate;
  /** Exact bytes (or multiply-accumulates) of a candidate; undefined where they are not known before training. */
  readonly costOf: (candidate: Candidate) => number | undefined;
}

/** A point on the way from dense to small. */
export interface Allocation {
  readonly candidate: Candidate;
  readonly cost: number;
  /** Sum of what its choices cost one by one, in nats of cross-entropy: an estimate before fine-tuning. */
  readonly loss: number;
}

/** What the choices at one site change: the parameters of the space, and the price in loss. */
interface Option {
  readonly values: Candidate;
  readonly loss: number;
  /** Logarithm of the cost where only this choice is made. */
  readonly logCost: number;
}

/** Differences of loss below this are noise of a subset of the validation images. */
const leastLoss = 1e-5;

/**
 * A path of compressed candidates, from dense to small, that gives up as little accuracy as can be foreseen for every byte.
 *
 * A multiple-choice knapsack (one setting per technique and site) whose prices in loss are taken to add up, as in bit
 * allocation (Shoham and Gersho 1988, Efficient bit allocation for an arbitrary set of quantizers). It is solved by marginal
 * analysis along the convex hull of every site's options (Fox 1966, Discrete optimization via marginal analysis; Sinha and
 * Zoltners 1979, The multiple-choice knapsack problem): each step takes the option that saves most per loss, by the
 * logarithm of the cost. Savings do not add up (a pruned layer gains less from INT8, and its neighbours shrink too), so each
 * is the exact one of the candidate at hand; it is worked out anew only for the step that seems best (Minoux 1978,
 * Accelerated greedy algorithms). For convex prices and additive savings this is the whole Lagrangian front.
 */
export function allocate({ sensitivity, base, costOf }: KnapsackParts): Allocation[] {
  const dense = costOf(base);
  if (dense === undefined) return [];
  const start = { loss: 0, logCost: Math.log(dense) };
  const path: Allocation[] = [{ candidate: base, cost: dense, loss: 0 }];
  const queue = [...hullsBySite(sensitivity, start, costOf).values()].flatMap((options) => stepTo(options, 0, start) ?? []);
  for (let step = takeBest(queue); step; step = takeBest(queue)) {
    const { options, index, from } = step;
    const now = path.at(-1)!;
    const point = pointBehind(step, now, costOf);
    const rate = point ? Math.log(now.cost / point.cost) / priceOf(step) : 0;
    if (point && rate < (queue[0]?.rate ?? 0)) {
      queue.push({ ...step, rate });
      continue;
    }
    if (point) path.push(point);
    const following = stepTo(options, index + 1, point ? options[index]! : from);
    if (following) queue.push(following);
  }
  return path;
}

/** Takes the most promising step out; the next best one is then the first. */
function takeBest(queue: Step[]): Step | undefined {
  queue.sort((a, b) => b.rate - a.rate);
  return queue.shift();
}

/** `count` points of a path at even ratios of cost, its ends left out; `most`: none above. */
export function spaced(path: readonly Allocation[], count: number, most = Number.POSITIVE_INFINITY): Allocation[] {
  const inside = path.filter(({ cost }) => cost <= most);
  const [first, last] = [inside[0], inside.at(-1)];
  if (!first || !last) return [];
  const targets = Array.from({ length: count }, (_, i) => first.cost * (last.cost / first.cost) ** ((i + 1) / (count + 1)));
  const chosen = targets.map((target) => nearestTo(inside, target));
  return [...new Set(chosen)];
}

const nearestTo = (path: readonly Allocation[], target: number): Allocation =>
  path.reduce((best, point) => (Math.abs(Math.log(point.cost / target)) < Math.abs(Math.log(best.cost / target)) ? point : best));

/** What comes next at a site. */
interface Step {
  /** Along the hull: every next one is smaller and loses more. */
  readonly options: readonly Option[];
  readonly index: number;
  /** Loss and logarithm of the cost of the option that the site stands at. */
  readonly from: Pick<Option, 'loss' | 'logCost'>;
  /** Saved logarithm of cost per nat of loss. */
  readonly rate: number;
}

/** From where a site stands to one of its options; undefined behind the last. The rate is that of the site alone. */
function stepTo(options: readonly Option[], index: number, from: Step['from']): Step | undefined {
  const option = options[index];
  if (!option) return undefined;
  const step = { options, index, from };
  return { ...step, rate: (from.logCost - option.logCost) / priceOf(step) };
}

const priceOf = ({ options, index, from }: Omit<Step, 'rate'>): number => Math.max(leastLoss, options[index]!.loss - from.loss);

/** The point behind a step from where the path stands; undefined where it saves nothing there. */
function pointBehind(step: Step, now: Allocation, costOf: KnapsackParts['costOf']): Allocation | undefined {
  const candidate = { ...now.candidate, ...step.options[step.index]!.values };
  const cost = costOf(candidate);
  return cost !== undefined && cost < now.cost ? { candidate, cost, loss: now.loss + priceOf(step) } : undefined;
}

function hullsBySite({ base, probes }: Sensitivity, start: Step['from'], costOf: KnapsackParts['costOf']): Map<string, Option[]> {
  const bySite = new Map<string, Option[]>();
  for (const probe of probes) {
    const option = optionOf(probe, base['loss'] ?? 0, costOf);
    if (!option) continue;
    const key = `${probe.technique} ${probe.site}`;
    bySite.set(key, [...(bySite.get(key) ?? []), option]);
  }
  for (const [key, options] of bySite) bySite.set(key, lowerHull(options, start));
  return bySite;
}

function optionOf(
  { candidate, values, metrics }: ProbeResult,
  denseLoss: number,
  costOf: KnapsackParts['costOf'],
): Option | undefined {
  const cost = costOf(candidate);
  const loss = metrics?.['loss'];
  if (cost === undefined || loss === undefined || !Number.isFinite(loss)) return undefined;
  return { values, loss: Math.max(0, loss - denseLoss), logCost: Math.log(cost) };
}

/** The options that some price per byte makes best: the lower convex hull of loss over what is saved, the least first. */
function lowerHull(options: readonly Option[], start: Step['from']): Option[] {
  const sorted = options.filter(({ logCost }) => logCost < start.logCost);
  sorted.sort((a, b) => b.logCost - a.logCost || a.loss - b.loss);
  const hull: Option[] = [{ ...start, values: {} }];
  for (const option of sorted) {
    while (hull.length > 1 && slope(hull.at(-2)!, hull.at(-1)!) >= slope(hull.at(-2)!, option)) hull.pop();
    if (option.logCost < hull.at(-1)!.logCost) hull.push(option);
  }
  return hull.slice(1);
}

/** Loss per saved logarithm of cost between two options. */
const slope = (from: Option, to: Option): number => (to.loss - from.loss) / (from.logCost - to.logCost);

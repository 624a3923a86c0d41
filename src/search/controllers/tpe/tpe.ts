import type { Candidate, Value } from '../../../core/candidate.ts';
import type { ControllerContext, ControllerDefinition } from '../../../core/controller.ts';
import type { Rng } from '../../../core/rng.ts';
import { levelAt, levelCount, quantile } from '../../space/domain.ts';
import type { Space } from '../../space/space.ts';
import { DominationLevels } from '../../study/levels.ts';
import type { Observed } from '../history.ts';
import { HistoryController } from '../history-controller.ts';
import { LevelCode } from '../levels.ts';
import { quantitiesOf } from '../quantities.ts';
import { idle, ParzenEstimator } from './parzen.ts';
import { subsetOfMostVolume } from './subset.ts';

/** Results before the estimators have a say. */
const startup = 10;
/** Part of the results that count as good, and the largest number of them. */
const goodPart = 0.1;
const mostGood = 64;
/** Of the others, the latest; and of what is pending or failed. */
const mostBad = 192;
const mostOthers = 64;
/** Candidates of which the best is taken, and how often others are drawn where none of them is new. */
const draws = 24;
const rounds = 5;

/**
 * Tree-structured Parzen estimator (Bergstra et al. 2011; several objectives as in Ozaki et al. 2022): candidates are drawn
 * where good results are dense, and the one is tried that is most likely good rather than bad. Good are the first by
 * feasibility, domination rank, and by the hypervolume that they have together. Joint over all parameters; knobs that another one switches off count for
 * nothing; trials that still run count as bad, so that they are not tried side by side.
 */
export const tpe: ControllerDefinition<Space> = {
  name: 'tpe',
  summary: 'tries what is dense among the good trials and rare among the others (Parzen estimators)',
  create: (context) => new TpeController(context),
};

class TpeController extends HistoryController {
  readonly #code: LevelCode;
  readonly #points = new WeakMap<Candidate, Uint8Array>();

  constructor(context: ControllerContext<Space>) {
    super(context, { name: 'tpe', startup, eliteSize: mostGood });
    this.#code = new LevelCode(context.space);
  }

  protected learned(_trial: number, rng: Rng): Candidate | undefined {
    return this.#likelyGood(rng);
  }

  #likelyGood(rng: Rng): Candidate | undefined {
    const { proposals } = this.history;
    const { good, bad } = this.#split();
    const [likely, unlikely] = [good, bad].map(
      (candidates) => new ParzenEstimator(this.#code.dimensions, candidates.map(this.#pointOf)),
    ) as [ParzenEstimator, ParzenEstimator];
    const ratio = (candidate: Candidate) => {
      const point = this.#pointOf(candidate);
      return likely.logDensity(point) - unlikely.logDensity(point);
    };
    for (let round = 0; round < rounds; round++) {
      const drawn = Array.from({ length: draws }, () => this.#draw(likely, good, rng));
      const ranked = drawn.map((candidate) => ({ candidate, worth: ratio(candidate) })).sort((a, b) => b.worth - a.worth);
      const fresh = ranked.find(({ candidate }) => proposals.firstNew(1, () => candidate));
      if (fresh) return fresh.candidate;
    }
    return undefined;
  }

  #split(): { readonly good: readonly Candidate[]; readonly bad: readonly Candidate[] } {
    const { results } = this.history;
    const count = Math.min(mostGood, Math.ceil(goodPart * results.length));
    const good = this.#best(count);
    const known = new Set(good);
    const rest = results.slice(-(mostBad + count)).filter((result) => !known.has(result));
    const others = [...this.history.failures().slice(-mostOthers), ...this.history.pending().slice(-mostOthers)];
    return {
      good: good.map(({ candidate }) => candidate),
      bad: [...rest.slice(-mostBad).map(({ candidate }) => candidate), ...others],
    };
  }

  /** Of the domination level that has too many, those that have most hypervolume together: the lonely are often bad. */
  #best(count: number): readonly Observed[] {
    const elite = this.history.elite();
    if (count >= elite.length) return elite;
    const levels = new DominationLevels<Observed>();
    for (const result of elite) if (result.violation === 0) levels.insert(result);
    const best: Observed[] = [];
    for (const level of levels.all()) {
      const room = count - best.length;
      if (room <= 0) break;
      best.push(...(level.length <= room ? level : this.#mostVolume(level, elite, room)));
    }
    return best.concat(elite.filter(({ violation }) => violation > 0)).slice(0, count);
  }

  /** `all`: their worst losses are the reference. */
  #mostVolume(level: readonly Observed[], all: readonly Observed[], count: number): Observed[] {
    const quantities = quantitiesOf(
      this.context,
      all.map(({ metrics }) => metrics),
    );
    const objectives = quantities.filter(({ metric }) => this.context.goal.objectives.some((each) => each.metric === metric));
    const lossesOf = ({ metrics }: Observed) => objectives.map(({ metric, toLoss }) => toLoss(metrics[metric]!));
    const seen = all.map(lossesOf);
    const reference = objectives.map((_, k) => beyond(seen.map((losses) => losses[k]!)));
    return subsetOfMostVolume(level.map(lossesOf), count, reference).map((i) => level[i]!);
  }

  /** From the density of the good ones: around one of them, or (as one more of them) from the whole space. */
  #draw(density: ParzenEstimator, good: readonly Candidate[], rng: Rng): Candidate {
    const center = rng.int(good.length + 1);
    const around = good[center] && this.#pointOf(good[center]);
    const candidate: Record<string, Value> = {};
    for (const [d, { name, domain }] of this.context.space.parameters.entries()) {
      const observed = around?.[d] ?? idle;
      const u = rng.uniform();
      candidate[name] = observed === idle ? quantile(domain, u) : this.#near(d, density.chances(d, observed), u, rng.uniform());
    }
    return candidate;
  }

  /** The value at a quantile of the levels' chances; a range without steps takes any place within the level. */
  #near(d: number, chances: readonly number[], u: number, within: number): Value {
    const { domain } = this.context.space.parameters[d]!;
    const level = levelOfQuantile(chances, u);
    const count = levelCount(domain);
    if (count === chances.length || count === chances.length - 1) return levelAt(domain, Math.min(level, count - 1));
    return quantile(domain, Math.min(Math.max(0, (level - 0.5 + within) / (chances.length - 1)), 1 - 1e-9));
  }

  readonly #pointOf = (candidate: Candidate): Uint8Array => {
    const known = this.#points.get(candidate);
    if (known) return known;
    const point = this.#code.encode(candidate, idle);
    this.#points.set(candidate, point);
    return point;
  };
}

/** A little more than the largest of them. */
function beyond(values: readonly number[]): number {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return high + 0.1 * (high - low) + 1e-12;
}

function levelOfQuantile(chances: readonly number[], u: number): number {
  let left = u;
  for (const [level, chance] of chances.entries()) {
    left -= chance;
    if (left < 0) return level;
  }
  return chances.length - 1;
}

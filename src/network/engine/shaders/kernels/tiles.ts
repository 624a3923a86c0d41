import type { ProductPlan } from '../rules/rule.ts';

/** What a workgroup has of the output of a product. */
export interface Tile {
  readonly m: number;
  readonly n: number;
}

/** Workgroups that keep a large GPU busy. */
const enough = 256;

const count = ({ batch, m, n }: ProductPlan, tile: Tile): number => batch * Math.ceil(m / tile.m) * Math.ceil(n / tile.n);

/** Share of a tile's work that is wanted. */
const used = ({ m, n }: ProductPlan, tile: Tile): number =>
  (m / (Math.ceil(m / tile.m) * tile.m)) * (n / (Math.ceil(n / tile.n) * tile.n));

/** Parts that the depth is cut into, each a sum of its own first. */
export const partsFor = (plan: ProductPlan, tile: Tile): number =>
  Math.max(1, Math.min(Math.floor((2 * enough) / count(plan, tile)), Math.floor(plan.k / 512), 128));

/** The tile that wastes little and is large, of those that come to enough workgroups. Larger ones read less for each product. */
export function bestTile<T extends Tile>(plan: ProductPlan, tiles: readonly T[]): T {
  const score = (tile: T) => {
    const size = (tile.m * tile.n) / (tile.m + tile.n);
    const busy = Math.min(1, (count(plan, tile) * partsFor(plan, tile)) / enough);
    return used(plan, tile) * busy * Math.min(1, size / 48 + 0.3);
  };
  return tiles.reduce((best, tile) => (score(tile) > score(best) ? tile : best));
}

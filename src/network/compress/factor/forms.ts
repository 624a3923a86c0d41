import { elementCount, type Shape, type Tensor } from '../../ir/graph.ts';
import { isZeros, zeros } from '../../ir/zeros.ts';
import {
  type Dense,
  dense,
  leading,
  product,
  rankOfEnergy,
  type Spectrum,
  scaledColumns,
  spectrumOf,
  transposed,
} from './matrices.ts';

/** One of the layers that stand for a layer, in the order in which they run. */
export interface Part {
  /** Added to the layer's name; empty for the last one, which keeps it. */
  readonly suffix: '#reduce' | '#core' | '';
  readonly weight: Tensor;
  /** Whether it takes over the layer's stride, padding and dilation along the two axes of the plane; else it stands still. */
  readonly moves: Moves;
  /** The loss's gradient by its weights from that by the layer's, at the weights as they are. */
  readonly gradient: (whole: Float32Array) => Float32Array;
}

type Moves = readonly [vertical: boolean, horizontal: boolean];
const both: Moves = [true, true];
const neither: Moves = [false, false];
const vertical: Moves = [true, false];
const horizontal: Moves = [false, true];

/** How much is kept: so many of the full rank, or so much of the squared singular values; in multiples of a number. */
export type Budget = ({ readonly rank: number } | { readonly energy: number }) & { readonly multiple: number };

/** A way to write a weight as a product. */
export interface Form {
  /** The rank at which nothing is lost. */
  fullRank(shape: Shape): number;
  parts(weight: Tensor, budget: Budget): readonly Part[];
}

const known = new WeakMap<object, Map<string, Spectrum>>();

/** Kept per tensor: trials of a search factor the same weights again and again. */
function spectrum(weight: Tensor, key: string, matrix: () => Dense): Spectrum {
  const own = known.get(weight.data) ?? new Map<string, Spectrum>();
  known.set(weight.data, own);
  const found = own.get(key) ?? spectrumOf(matrix());
  own.set(key, found);
  return found;
}

const rankFor = (budget: Budget, energies: () => Float64Array): number =>
  'rank' in budget ? budget.rank : enough(energies(), budget.energy, budget.multiple);

/** The least multiple that has so much of the energy; at most all. */
const enough = (energies: Float64Array, energy: number, multiple: number): number =>
  Math.min(energies.length, multiple * Math.ceil(rankOfEnergy(energies, energy) / multiple));

const floats = (shape: Shape, matrix: Dense): Tensor => ({ dtype: 'float32', shape, data: Float32Array.from(matrix.data) });

interface Pair {
  /** [rows, rank] */
  readonly left: Dense;
  /** [rank, columns] */
  readonly right: Dense;
}

/** The best product of that rank (Eckart and Young 1936), its two factors of equal norm. */
function split(weight: Tensor, key: string, matrix: Dense, budget: Budget): Pair {
  const wide = matrix.rows <= matrix.columns;
  const a = wide ? matrix : transposed(matrix);
  const { vectors, energies } = spectrum(weight, key, () => a);
  const rank = rankFor(budget, () => energies);
  const roots = Float64Array.from(energies.subarray(0, rank), (energy) => energy ** 0.25); // √σ
  const u = leading(vectors, rank);
  const shrink = roots.map((root) => (root > 0 ? 1 / root : 0));
  const pair = { left: scaledColumns(u, roots), right: transposed(scaledColumns(product(transposed(a), u), shrink)) };
  return wide ? pair : { left: transposed(pair.right), right: transposed(pair.left) };
}

/** By the left factor, and by the right one. */
const splitGradients = ({ left, right }: Pair) => ({
  left: (whole: Dense) => product(whole, transposed(right)),
  right: (whole: Dense) => product(transposed(left), whole),
});

/** A tensor's numbers with its axes in another order. */
function permuted(data: ArrayLike<number>, shape: Shape, order: readonly number[]): Float64Array {
  const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  const sizes = order.map((axis) => shape[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  return Float64Array.from({ length: elementCount(shape) }, (_, i) => {
    let [rest, place] = [i, 0];
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      place += (rest % sizes[axis]!) * steps[axis]!;
      rest = Math.floor(rest / sizes[axis]!);
    }
    return data[place]!;
  });
}

const numbers = (values: Float64Array): Float32Array => Float32Array.from(values);
const unknown = () => new Float32Array();

/** Zeros in the shapes that a rank makes. */
const empty = (parts: readonly (readonly [Part['suffix'], Shape, Moves])[]): readonly Part[] =>
  parts.map(([suffix, shape, moves]) => ({ suffix, weight: zeros('float32', shape), moves, gradient: unknown }));

/** Of a network without values an energy says nothing. */
const structuralRank = (budget: Budget) => ('rank' in budget ? budget.rank : 1);

/** Outputs first, [K, …]: r filters of the layer's own size, then a layer that mixes them (Denton et al. 2014, SVD). */
export const channelForm: Form = {
  fullRank: ([k, ...rest]) => Math.min(k!, elementCount(rest)),
  parts(weight, budget) {
    const [k, ...rest] = weight.shape as [number, ...number[]];
    const ones = rest.slice(1).map(() => 1);
    const shapes = (r: number) =>
      [
        [r, ...rest],
        [k, r, ...ones],
      ] as const;
    if (isZeros(weight)) {
      const [first, last] = shapes(structuralRank(budget));
      return empty([
        ['#reduce', first, both],
        ['', last, neither],
      ]);
    }
    const matrix = (data: ArrayLike<number>) => dense(k, elementCount(rest), data);
    const pair = split(weight, 'channel', matrix(weight.data as Float32Array), budget);
    const [first, last] = shapes(pair.left.columns);
    const by = splitGradients(pair);
    return [
      {
        suffix: '#reduce',
        weight: floats(first, pair.right),
        moves: both,
        gradient: (whole) => numbers(by.right(matrix(whole)).data),
      },
      { suffix: '', weight: floats(last, pair.left), moves: neither, gradient: (whole) => numbers(by.left(matrix(whole)).data) },
    ];
  },
};

/** Inputs first, [in, out]: a dense layer the other way round. */
export const inputForm: Form = {
  fullRank: ([rows, columns]) => Math.min(rows!, columns!),
  parts(weight, budget) {
    const [rows, columns] = weight.shape as [number, number];
    if (isZeros(weight)) {
      const r = structuralRank(budget);
      return empty([
        ['#reduce', [rows, r], both],
        ['', [r, columns], neither],
      ]);
    }
    const matrix = (data: ArrayLike<number>) => dense(rows, columns, data);
    const pair = split(weight, 'input', matrix(weight.data as Float32Array), budget);
    const by = splitGradients(pair);
    const r = pair.left.columns;
    return [
      {
        suffix: '#reduce',
        weight: floats([rows, r], pair.left),
        moves: both,
        gradient: (whole) => numbers(by.left(matrix(whole)).data),
      },
      {
        suffix: '',
        weight: floats([r, columns], pair.right),
        moves: neither,
        gradient: (whole) => numbers(by.right(matrix(whole)).data),
      },
    ];
  },
};

/** k×1 filters, then 1×k filters (Jaderberg et al. 2014, Speeding up Convolutional Neural Networks with Low Rank Expansions). */
export const spatialForm: Form = {
  fullRank: ([k, c, h, w]) => Math.min(c! * h!, w! * k!),
  parts(weight, budget) {
    const [k, c, h, w] = weight.shape as [number, number, number, number];
    if (isZeros(weight)) {
      const r = structuralRank(budget);
      return empty([
        ['#reduce', [r, c, h, 1], vertical],
        ['', [k, r, 1, w], horizontal],
      ]);
    }
    const matrix = (data: ArrayLike<number>) => dense(c * h, w * k, permuted(data, weight.shape, [1, 2, 3, 0]));
    const pair = split(weight, 'spatial', matrix(weight.data as Float32Array), budget);
    const by = splitGradients(pair);
    const r = pair.left.columns;
    const rowsFirst = (left: Dense) => transposed(left); // [r, C·h]
    const outputsFirst = (right: Dense) => dense(k, r * w, permuted(right.data, [r, w, k], [2, 0, 1]));
    return [
      {
        suffix: '#reduce',
        weight: floats([r, c, h, 1], rowsFirst(pair.left)),
        moves: vertical,
        gradient: (whole) => numbers(rowsFirst(by.left(matrix(whole))).data),
      },
      {
        suffix: '',
        weight: floats([k, r, 1, w], outputsFirst(pair.right)),
        moves: horizontal,
        gradient: (whole) => numbers(outputsFirst(by.right(matrix(whole))).data),
      },
    ];
  },
};

/**
 * Fewer channels in, a smaller convolution, more channels out (Kim et al. 2016, Compression of Deep Convolutional Neural
 * Networks for Fast and Low Power Mobile Applications: Tucker-2, by higher-order SVD). The rank is that of the side with
 * more channels; the other has the same share of its own.
 */
export const tuckerForm: Form = {
  fullRank: ([k, c]) => Math.max(k!, c!),
  parts(weight, budget) {
    const [k, c, h, w] = weight.shape as [number, number, number, number];
    const { multiple } = budget;
    const share = (channels: number, rank: number) =>
      Math.min(channels, Math.max(1, Math.round((rank * channels) / Math.max(k, c) / multiple)) * multiple);
    const shapes = (rk: number, rc: number) =>
      [
        [rc, c, 1, 1],
        [rk, rc, h, w],
        [k, rk, 1, 1],
      ] as const;
    if (isZeros(weight)) {
      const rank = structuralRank(budget);
      const [first, core, last] = shapes(share(k, rank), share(c, rank));
      return empty([
        ['#reduce', first, neither],
        ['#core', core, both],
        ['', last, neither],
      ]);
    }
    const byOutput = (data: ArrayLike<number>) => dense(k, c * h * w, data);
    const byInput = (data: ArrayLike<number>, outputs: number) =>
      dense(c, outputs * h * w, permuted(data, [outputs, c, h, w], [1, 0, 2, 3]));
    const side = (channels: number, key: string, matrix: () => Dense) => {
      const { vectors, energies } = spectrum(weight, key, matrix);
      return leading(vectors, 'rank' in budget ? share(channels, budget.rank) : enough(energies, budget.energy, multiple));
    };
    const data = weight.data as Float32Array;
    const expand = side(k, 'tucker output', () => byOutput(data)); // [K, rk]
    const reduce = side(c, 'tucker input', () => byInput(data, k)); // [C, rc]
    const [rk, rc] = [expand.columns, reduce.columns];
    const outputsFirst = (matrix: Dense, outputs: number) => permuted(matrix.data, [matrix.rows, outputs, h, w], [1, 0, 2, 3]);
    /** [rk, rc·h·w] of a tensor like the weight. */
    const coreOf = (whole: ArrayLike<number>) => {
      const fewer = product(transposed(expand), byOutput(whole)); // [rk, C·h·w]
      return dense(rk, rc * h * w, outputsFirst(product(transposed(reduce), byInput(fewer.data, rk)), rk));
    };
    const core = coreOf(data);
    const unreduced = dense(
      rk,
      c * h * w,
      outputsFirst(product(reduce, dense(rc, rk * h * w, permuted(core.data, [rk, rc, h, w], [1, 0, 2, 3]))), rk),
    );
    const expanded = product(expand, core); // [K, rc·h·w]
    const [first, middle, last] = shapes(rk, rc);
    return [
      {
        suffix: '#reduce',
        weight: floats(first, transposed(reduce)),
        moves: neither,
        gradient: (whole) =>
          numbers(
            product(dense(rc, k * h * w, permuted(expanded.data, [k, rc, h, w], [1, 0, 2, 3])), transposed(byInput(whole, k)))
              .data,
          ),
      },
      { suffix: '#core', weight: floats(middle, core), moves: both, gradient: (whole) => numbers(coreOf(whole).data) },
      {
        suffix: '',
        weight: floats(last, expand),
        moves: neither,
        gradient: (whole) => numbers(product(byOutput(whole), transposed(unreduced)).data),
      },
    ];
  },
};

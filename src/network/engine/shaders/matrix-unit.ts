/// <reference types="@webgpu/types" />

/**
 * What multiplies small matrices at once (tensor cores and their like): a subgroup of `lanes` threads adds [m, k] · [k, n],
 * both of 16-bit floats, to [m, n] of 32-bit ones.
 */
export interface MatrixUnit {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly lanes: number;
}

/** Features of the device that programs for it need. Dawn has them; browsers do not yet. */
export const unitFeatures = ['chromium-experimental-subgroup-matrix', 'shader-f16', 'subgroups'] as const;

/** … and directives of the programs. */
export const unitDirectives = [
  'diagnostic(off, chromium.subgroup_matrix_uniformity);',
  'enable f16;',
  'enable subgroups;',
  'enable chromium_experimental_subgroup_matrix;',
] as const;

interface Config {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly componentType: string;
  readonly resultComponentType: string;
}

/** Bytes that a workgroup shares, more than any of the programs takes. */
const mostShared = 2 ** 15;
/** A workgroup has up to 8 subgroups, and on every device 256 threads. */
const mostLanes = 32;

/** The largest that the adapter has; undefined where there is none, or where subgroups come in several sizes. */
export function unitOf({ features, info, limits }: GPUAdapter): MatrixUnit | undefined {
  const { subgroupMinSize, subgroupMaxSize = 0 } = info;
  if (limits.maxComputeWorkgroupStorageSize < mostShared || subgroupMaxSize > mostLanes) return undefined;
  const { subgroupMatrixConfigs = [] } = info as GPUAdapterInfo & { readonly subgroupMatrixConfigs?: Iterable<Config> };
  if (!unitFeatures.every((feature) => features.has(feature)) || subgroupMinSize !== subgroupMaxSize) return undefined;
  const fitting = [...subgroupMatrixConfigs].filter(
    ({ M, N, K, componentType, resultComponentType }) =>
      componentType === 'f16' &&
      resultComponentType === 'f32' &&
      [M, N, K].every((size) => size <= 16 && 16 % size === 0 && size >= 4),
  );
  const [largest] = fitting.toSorted((a, b) => b.M * b.N * b.K - a.M * a.N * a.K);
  return largest && { m: largest.M, n: largest.N, k: largest.K, lanes: subgroupMaxSize };
}

/** ResNet-20 (widths 16, 32, 64, projections where the shape changes) for images of `channels` × `size` × `size`. */
export interface Net {
  readonly channels: number;
  readonly size: number;
  readonly batch: number;
}

/** Times of single steps. CPU time does not count what other processes take, but what they do to the caches. */
export interface StepTimes {
  readonly ms: readonly number[];
  readonly cpuMs: readonly number[];
}

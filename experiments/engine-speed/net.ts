/** A network that is timed, for images of `channels` × `size` × `size`. */
export interface Net {
  /**
   * resnet: ResNet-20 (widths 16, 32, 64, projections where the shape changes). mobilenet: six depthwise-separable blocks
   * (stem 32; 32, 64, 64, 128, 128, 128).
   */
  readonly family: 'resnet' | 'mobilenet';
  readonly channels: number;
  readonly size: number;
  readonly batch: number;
  /** Times the channels of a ResNet; 1 where left out. */
  readonly width?: number;
}

export const nets: readonly Net[] = [
  { family: 'resnet', channels: 3, size: 32, batch: 128 },
  { family: 'resnet', channels: 1, size: 28, batch: 128 },
  { family: 'mobilenet', channels: 3, size: 32, batch: 128 },
  { family: 'mobilenet', channels: 1, size: 28, batch: 128 },
];

/** Times of single steps. CPU time does not count what other processes take, but what they do to the caches. */
export interface StepTimes {
  readonly ms: readonly number[];
  readonly cpuMs: readonly number[];
}

import type { Net as Plain } from '../engine-speed/net.ts';

/** `width`: times the channels of a ResNet-20. */
export type Net = Plain & { readonly width: number };

export const nets: readonly Net[] = [
  { family: 'resnet', channels: 3, size: 32, batch: 128, width: 1 },
  { family: 'mobilenet', channels: 3, size: 32, batch: 128, width: 1 },
  { family: 'resnet', channels: 3, size: 32, batch: 128, width: 4 },
];

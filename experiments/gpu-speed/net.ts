import type { Net } from '../engine-speed/net.ts';

export const nets: readonly Net[] = [
  { family: 'resnet', channels: 3, size: 32, batch: 128 },
  { family: 'mobilenet', channels: 3, size: 32, batch: 128 },
  { family: 'resnet', channels: 3, size: 32, batch: 128, width: 4 },
];

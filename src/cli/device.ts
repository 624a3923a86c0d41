import { availableParallelism, cpus, networkInterfaces } from 'node:os';
import { type DeviceFacts, protocolVersion } from '../device/protocol.ts';
import { versions } from './versions.ts';

/** This machine, as a device says what it is. */
export function ownFacts(): DeviceFacts {
  const { onnxruntime, platform } = versions();
  const processor = cpus()[0]?.model.trim() || 'unknown processor';
  return { protocol: protocolVersion, platform, processor, cores: availableParallelism(), onnxruntime };
}

export const describeDevice = ({ processor, platform, cores, onnxruntime }: DeviceFacts): string =>
  `${processor}, ${platform}, ${cores === 1 ? 'one core' : `${cores} cores`}, onnxruntime ${onnxruntime}`;

/** An address under which other machines may reach this one. */
export function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? 'localhost';
}

import { exitCodes } from '../../core/errors.ts';
import { formatBytes, formatMetric } from '../../dashboard/format.ts';
import { tokenVariable } from '../../device/client.ts';
import type { DeviceFacts } from '../../device/protocol.ts';
import { createDevice } from '../../device/server.ts';
import { Timer } from '../../device/timer.ts';
import type { TimedEvent } from '../../device/timings.ts';
import { isLoopback, newToken, onlyOwnHost } from '../../ui/guard.ts';
import { listen } from '../../ui/server.ts';
import { describeDevice, ownAddress, ownFacts } from '../device.ts';
import { note, print } from '../output.ts';
import { startProcess } from '../process.ts';
import { interrupted } from '../signals.ts';

export interface DeviceFlags {
  readonly port: number;
  readonly host: string;
  readonly json?: boolean;
}

/** `nas device`: times files for searches on other machines until it is interrupted. Returns the exit code. */
export async function device({ port, host, json }: DeviceFlags): Promise<number> {
  const given = process.env[tokenVariable] || undefined;
  const token = given ?? (isLoopback(host) ? undefined : newToken());
  const timer = new Timer(() => startProcess('../../device/timing-process', import.meta.url, 'inherit'));
  const timed = json ? (event: TimedEvent) => print(JSON.stringify(event)) : (event: TimedEvent) => print(lineOf(event));
  const facts = ownFacts();
  const guard = isLoopback(host) ? { guard: onlyOwnHost(host) } : {};
  const app = createDevice({ ...guard, token, facts, time: (timing) => timer.time(timing), timed });
  const server = await listen(app, host, port);
  const name = host === '0.0.0.0' || host === '::' ? ownAddress() : host;
  const url = `http://${name.includes(':') ? `[${name}]` : name}:${server.port}`;
  if (json) print(JSON.stringify({ url, token: token ?? null, facts }));
  else introduce(facts, url, given === undefined ? token : undefined);
  await interrupted();
  await server.close();
  timer.close();
  return exitCodes.ok;
}

/** @param token a new one, which nobody knows yet */
function introduce(facts: DeviceFacts, url: string, token: string | undefined): void {
  print(`Times models for searches on other machines: ${describeDevice(facts)}.`);
  print(`In the space file of the search:  latency: { on: ${url} }`);
  if (token !== undefined) print(`Where nas search runs:            export ${tokenVariable}=${token}`);
  note('Keep it quiet here: what runs beside it is measured with it. Ctrl-C ends it.');
}

function lineOf({ bytes, latency }: TimedEvent): string {
  const at = new Date().toTimeString().slice(0, 8);
  const { medianMs, ratio, noisy } = latency;
  const noise = noisy ? ', noisy' : '';
  return `${at}  ${formatBytes(bytes)}  ${formatMetric('latencyMs', medianMs)}, ${ratio.toFixed(2)} of the dense network's${noise}`;
}

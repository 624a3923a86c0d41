import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startProcess } from '../../src/cli/process.ts';
import { deviceFacts, timeThere } from '../../src/device/client.ts';
import { SentFiles } from '../../src/device/files.ts';
import type { DeviceFacts } from '../../src/device/protocol.ts';
import { createDevice, type DeviceOptions } from '../../src/device/server.ts';
import { Timer } from '../../src/device/timer.ts';
import { Timings } from '../../src/device/timings.ts';
import type { LatencyResult } from '../../src/network/metrics/latency.ts';
import type { TimedFiles } from '../../src/network/metrics/timing.ts';
import { type Listening, listen } from '../../src/ui/server.ts';
import { shippedModels } from '../fixtures/shipped.ts';

const facts: DeviceFacts = { protocol: 1, platform: 'linux-arm64', processor: 'Cortex', cores: 4, onnxruntime: '1.30.0' };
const latency = { medianMs: 2, ratio: 0.5 } as LatencyResult;

let server: Listening | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** A device on this machine, and its address. */
async function started(options: Partial<DeviceOptions> = {}) {
  const app = createDevice({ token: 'secret', facts, time: async () => latency, ...options });
  server = await listen(app, '127.0.0.1', 0);
  return { url: `http://127.0.0.1:${server.port}`, token: 'secret' };
}

/** Two kinds of images of two numbers each. */
const job = (candidate: Uint8Array = Uint8Array.of(1, 2)): TimedFiles => ({
  candidate,
  baseline: Uint8Array.of(3),
  input: {
    name: 'x',
    shape: [1, 2],
    kinds: [
      { share: 0.75, images: [Float32Array.of(1, 2), Float32Array.of(3, 4)] },
      { share: 0.25, images: [Float32Array.of(5, 6)] },
    ],
  },
  threads: 2,
  options: { maxSeconds: 0.1, targetPrediction: Number.POSITIVE_INFINITY },
});

describe('a device that times files', () => {
  it('says what it is, and measures what it is sent, as it was here', async () => {
    const timings: TimedFiles[] = [];
    const time = async (timing: TimedFiles) => {
      timings.push(timing);
      return latency;
    };
    const address = await started({ time });
    expect(await deviceFacts(address)).toEqual(facts);
    expect(await timeThere(address, job())).toEqual(latency);
    expect(timings).toEqual([job()]);
  });

  it('is sent a file once', async () => {
    const address = await started();
    const sent: string[] = [];
    const { fetch } = globalThis;
    globalThis.fetch = (input, init) => {
      if (init?.method === 'PUT') sent.push((input as URL).pathname.split('/').at(-1)!);
      return fetch(input, init);
    };
    try {
      await timeThere(address, job());
      await timeThere(address, job(Uint8Array.of(9)));
    } finally {
      globalThis.fetch = fetch;
    }
    expect(sent).toHaveLength(4);
    expect(sent.at(-1)).toBe(createHash('sha256').update(Uint8Array.of(9)).digest('hex'));
  });

  it('measures one after the other', async () => {
    let [running, most] = [0, 0];
    const time = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 20));
      running--;
      return latency;
    };
    const address = await started({ time });
    await Promise.all([1, 2, 3].map((byte) => timeThere(address, job(Uint8Array.of(byte)))));
    expect(most).toBe(1);
  });

  it('is waited for as long as it answers, and a wait can be ended', async () => {
    const time = () => new Promise<LatencyResult>(() => undefined);
    const address = await started({ time, answerMs: 20 });
    const stopped = new Error('stopped');
    const waits = vi.fn((answers: boolean) => {
      if (answers && waits.mock.calls.length > 5) throw stopped;
    });
    await expect(timeThere(address, job(), { patience: 0, waits })).rejects.toBe(stopped);
  });

  it('forgets nothing that is asked for, and says what it does not know', async () => {
    const { url, token } = await started();
    const response = await fetch(`${url}/time/7`, { headers: { authorization: `Bearer ${token}` } });
    expect([response.status, await response.json()]).toEqual([404, expect.objectContaining({ code: 'DEVICE_FORGOT' })]);
  });

  it('lets in who knows its token', async () => {
    const { url } = await started();
    for (const token of ['wrong', undefined]) {
      const refused = expect.objectContaining({ code: 'DEVICE_TOKEN', message: expect.stringContaining('NAS_DEVICE_TOKEN') });
      await expect(deviceFacts({ url, token })).rejects.toThrow(refused);
      await expect(timeThere({ url, token }, job(), { patience: 0 })).rejects.toThrow(refused);
    }
  });

  it('refuses what is not what it is said to be', async () => {
    const { url } = await started({ token: undefined });
    const put = await fetch(`${url}/files/${'0'.repeat(64)}`, { method: 'PUT', body: 'x' });
    expect([put.status, await put.json()]).toEqual([400, { code: 'DEVICE_FILE', message: 'a file was cut off on its way' }]);
    const post = await fetch(`${url}/time`, { method: 'POST', body: '{"candidate":1}' });
    expect(post.status).toBe(400);
    expect((await fetch(`${url}/time`, { method: 'POST', body: 'no JSON' })).status).toBe(400);
  });

  it('of another version, or something else, is named', async () => {
    const other = await started({ facts: { ...facts, protocol: 2 } });
    await expect(deviceFacts(other)).rejects.toThrow(expect.objectContaining({ code: 'DEVICE_VERSION' }));
  });

  it('that does not answer is waited for, and found again', async () => {
    const { port } = await listen(createDevice({ token: undefined, facts, time: async () => latency }), '127.0.0.1', 0).then(
      async (first) => {
        await first.close();
        return first;
      },
    );
    const address = { url: `http://127.0.0.1:${port}`, token: undefined };
    await expect(deviceFacts(address)).rejects.toThrow(/does not answer \(.*ECONNREFUSED/);
    await expect(timeThere(address, job(), { patience: 0 })).rejects.toThrow(
      expect.objectContaining({ code: 'DEVICE_UNREACHABLE' }),
    );
    const waits: boolean[] = [];
    const found = timeThere(address, job(), { patience: 10_000, waits: (answers) => waits.push(answers) });
    server = await listen(createDevice({ token: undefined, facts, time: async () => latency }), '127.0.0.1', port);
    expect(await found).toEqual(latency);
    expect(waits[0]).toBe(false);
    expect(waits.at(-1)).toBe(true);
  });

  it('says why it cannot time a file', async () => {
    const time = () => Promise.reject(new Error('onnxruntime refuses the model'));
    const address = await started({ time });
    await expect(timeThere(address, job(), { patience: 0 })).rejects.toThrow(
      expect.objectContaining({ code: 'DEVICE_FAILED', message: expect.stringContaining('onnxruntime refuses the model') }),
    );
  });
});

describe('the files of a device', () => {
  it('make room for newer ones, those first that were not asked for longest', () => {
    const files = new SentFiles(10);
    for (const name of ['a', 'b']) files.put(name, new Uint8Array(4));
    expect(files.has('a')).toBe(true);
    files.put('c', new Uint8Array(4));
    expect(['a', 'b', 'c'].map((name) => files.has(name))).toEqual([true, false, true]);
    files.put('large', new Uint8Array(20));
    expect(['a', 'c', 'large'].map((name) => files.has(name))).toEqual([false, false, true]);
  });
});

describe('the timings of a device', () => {
  it('are not done where nobody asks any more, and are not known then', async () => {
    const timed: number[] = [];
    let end: (result: LatencyResult) => void = () => undefined;
    const timings = new Timings((timing) => {
      timed.push(timing.candidate[0]!);
      return new Promise((resolve) => (end = resolve));
    });
    const [first, second] = [timings.add(job(Uint8Array.of(1))), timings.add(job(Uint8Array.of(2)))];
    await vi.waitFor(() => expect(timed).toEqual([1]));
    const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 200_000);
    end(latency);
    expect(await timings.wait(first, 1000)).toEqual({ latency });
    await vi.waitFor(async () => expect(await timings.wait(second, 1)).toBeUndefined());
    clock.mockRestore();
    expect(timed).toEqual([1]);
  });
});

describe('its measuring process', () => {
  it('times real files, says what it cannot, and is started again where it dies', { timeout: 60_000 }, async () => {
    const children: ReturnType<typeof startProcess>[] = [];
    const start = () => {
      const child = startProcess('../../src/device/timing-process', import.meta.url);
      children.push(child);
      return child;
    };
    const timer = new Timer(start);
    const { model } = await shippedModels['a float MobileNet']!();
    const images = [new Float32Array(360), new Float32Array(360).fill(1)];
    const timing: TimedFiles = {
      candidate: model,
      baseline: model,
      input: { name: 'x', shape: [1, 3, 10, 12], kinds: [{ share: 1, images }] },
      threads: 1,
      options: { maxSeconds: 0.1, sittings: 2, targetPrediction: Number.POSITIVE_INFINITY },
    };
    const found = await timer.time(timing);
    expect(found.medianMs).toBeGreaterThan(0);
    expect(found.ratio).toBeGreaterThan(0.3);
    await expect(timer.time({ ...timing, candidate: Uint8Array.of(1, 2, 3) })).rejects.toThrow(/onnxruntime refuses the model/);
    expect(children.length).toBe(1);
    const idle = once(children[0]!, 'exit');
    children[0]!.kill('SIGKILL');
    await idle;
    // Twice under the same timing: it may be that one's fault.
    const dying = timer.time({ ...timing, options: { maxSeconds: 5, targetWidth: 0 } });
    children[1]!.kill('SIGKILL');
    await vi.waitFor(() => expect(children.length).toBe(3));
    children[2]!.kill('SIGKILL');
    await expect(dying).rejects.toThrow('its measuring process ended (SIGKILL)');
    expect((await timer.time(timing)).medianMs).toBeGreaterThan(0);
    expect(children.length).toBe(4);
    timer.close();
    await expect(timer.time(timing)).rejects.toThrow('it is ending');
    expect(children.length).toBe(4);
  });
});

import { describe, expect, it } from 'vitest';
import { shortPath, simdOf } from '../../../src/cli/doctor/machine.ts';
import { type DoctorReport, problemsOf, renderReport, type SetupReport } from '../../../src/cli/doctor/report.ts';
import { whyNoPictures } from '../../../src/network/data/images/decode.ts';

const cpu: SetupReport = {
  engine: 'onnxruntime',
  device: 'cpu',
  lowering: 'portable',
  usable: true,
  broken: false,
  speed: { steps: 50, medianMs: 200 },
};

const gpu: SetupReport = {
  engine: 'onnxruntime',
  device: 'webgpu',
  lowering: 'webgpu',
  usable: false,
  broken: true,
  reason: 'its self-test failed: a train step changes "stem.weight" differently than on the CPU.',
};

const report = (change: Partial<DoctorReport> = {}): DoctorReport => ({
  versions: { espalier: '0.1.0', onnxruntime: '1.30.0', node: '22.0.0', platform: 'linux-x64' },
  machine: {
    platform: 'linux-x64',
    processor: 'A processor with a name that is rather long, as the makers of processors like them',
    cores: 2,
    simd: ['AVX2'],
    memory: { total: 8e9, free: 4e9 },
    disk: { folder: '/a', free: 5e9 },
    gpus: [],
  },
  tensorflow: undefined,
  pictures: undefined,
  datasets: [{ name: 'fashion-mnist', folder: undefined }],
  setups: [gpu, cpu],
  choice: { engine: 'onnxruntime', device: 'cpu', lowering: 'portable', reasons: [] },
  workers: 2,
  problems: [],
  ...change,
});

describe('the report of nas doctor', () => {
  it('fits into 80 columns and says what would be used', () => {
    const text = renderReport(report({ problems: ['x '.repeat(100).trim()] }));
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(text).toContain('nas search would train with onnxruntime on cpu (portable), 2 trials at a time');
    expect(text).toMatch(/✓ onnxruntime {2}cpu {5}portable +5\.0 +640 +200\.0/);
    expect(text).toMatch(/✗ onnxruntime {2}webgpu {2}webgpu\n {4}its self-test failed/);
  });

  it('counts what is broken or short as a problem, and nothing else', () => {
    const { machine } = report();
    expect(problemsOf({ machine, setups: [cpu, { ...gpu, broken: false }] })).toEqual([]);
    const tight = { ...machine, memory: { total: 8e9, free: 2e8 }, disk: { folder: '/a', free: 1e8 } };
    expect(problemsOf({ machine: tight, setups: [gpu] })).toEqual([
      expect.stringContaining('of memory are free'),
      expect.stringContaining('free in /a'),
      expect.stringContaining('onnxruntime on webgpu (webgpu): its self-test failed'),
    ]);
  });

  it('says that pictures cannot be read, and how they could be, and does not say that all is well', () => {
    expect(renderReport(report())).toMatch(/pictures {5}can be read from folders\n[\s\S]*\nNo problems found\.$/);
    const text = renderReport(report({ pictures: 'cannot be read: no sharp. npm install sharp brings it.' }));
    expect(text).toMatch(
      /pictures {5}cannot be read: no sharp\. npm install sharp brings it\.\n[\s\S]*\nNo other problems found\.$/,
    );
  });

  it('knows vector instructions by the names of the system', () => {
    expect(simdOf('flags\t\t: fpu sse avx2 avx512f avx512_vnni\n')).toEqual(['AVX2', 'AVX-512', 'VNNI']);
    expect(simdOf('Features\t: fp asimd asimddp\n')).toEqual(['dot product', 'NEON']);
    expect(simdOf('')).toEqual([]);
  });
});

it('looks whether pictures can be read', async () => {
  expect(await whyNoPictures()).toBeUndefined();
  const missing = () => Promise.reject(new Error('pictures cannot be read: npm install sharp brings it.'));
  expect(await whyNoPictures(missing)).toBe('cannot be read: npm install sharp brings it.');
});

it('shortens paths below the home folder alone', () => {
  expect(['/home/me', '/home/me/a', '/home/me2/a'].map((path) => shortPath(path, '/home/me'))).toEqual([
    '~',
    '~/a',
    '/home/me2/a',
  ]);
  expect(shortPath('/home/me', undefined)).toBe('/home/me');
});

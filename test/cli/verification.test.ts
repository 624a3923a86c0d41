import { describe, expect, it } from 'vitest';
import { fileChecks, measuredChecks } from '../../src/cli/verification.ts';
import { readCertificate } from '../../src/export/read-certificate.ts';
import type { RemeasureResult } from '../../src/trial/remeasure.ts';

const sha256 = 'a'.repeat(64);
const latency = { medianMs: 1, lowMs: 0.9, highMs: 1.1, ratio: 0.5, ratioLow: 0.45, ratioHigh: 0.55, noisy: false };
const measured = {
  dataHash: 'data',
  validation: { accuracy: 0.9, images: 100 },
  test: { accuracy: 0.88, images: 100 },
  latency,
  machine: { platform: 'linux-x64', processor: 'A' },
};
const certificate = {
  format: 'espalier-certificate/1',
  model: { file: 'model.onnx', sha256, bytes: 10 },
  study: 'study',
  trial: 3,
  recorded: { accuracy: 0.9, size: 10, macs: 5 },
  measured,
  reproduce: { space: { sha256 } },
};
const read = (changes: object = {}) => readCertificate(JSON.stringify({ ...certificate, ...changes }), 'certificate.json');
const found = { ...measured, sha256, bytes: 10, metrics: { accuracy: 0.9, size: 10, macs: 5 } } as unknown as RemeasureResult;
const wrongOf = (checks: readonly { what: string; ok?: boolean }[]) =>
  checks.flatMap(({ what, ok }) => (ok === false ? [what] : []));

describe('a certificate', () => {
  it.each([
    ['other text', 'not json', 'it is not JSON'],
    ['other JSON', '[]', 'is no certificate'],
    ['another format', JSON.stringify({ ...certificate, format: 'x' }), 'format: '],
    [
      'a file elsewhere',
      JSON.stringify({ ...certificate, model: { ...certificate.model, file: '../../etc/passwd' } }),
      'model.file: ',
    ],
    ['no hash', JSON.stringify({ ...certificate, model: { ...certificate.model, sha256: 'x' } }), 'is not a SHA-256'],
  ])('that is none is refused: %s', (_, text, message) => {
    const error = expect.objectContaining({
      code: 'CERTIFICATE_UNREADABLE',
      exitCode: 2,
      message: expect.stringContaining(message),
    });
    expect(() => readCertificate(text, 'certificate.json')).toThrow(error);
  });

  it('holds where the files and what they measure are as it states', () => {
    expect(wrongOf(fileChecks(read(), { sha256, bytes: 10, further: {}, space: sha256 }))).toEqual([]);
    expect(wrongOf(measuredChecks(read(), found))).toEqual([]);
  });

  it('does not hold for other files', () => {
    const checks = fileChecks(read(), {
      sha256: 'b'.repeat(64),
      bytes: 11,
      further: { 'model.tflite': 'c'.repeat(64) },
      space: undefined,
    });
    expect(wrongOf(checks)).toEqual(['model.onnx, SHA-256', 'model.onnx, bytes', 'model.tflite', 'space.yaml']);
  });

  it('does not hold for other data, another accuracy, or another structure', () => {
    const other = { ...found, dataHash: 'other', test: { accuracy: 0.878 }, metrics: { accuracy: 0.9, size: 10, macs: 6 } };
    expect(wrongOf(measuredChecks(read(), other as unknown as RemeasureResult))).toEqual([
      'data, SHA-256',
      'accuracy, test data',
      'macs',
    ]);
  });

  it('allows an image at the edge to flip, and any latency, which it tells with the machines', () => {
    const other = {
      ...found,
      test: { accuracy: 0.8805 },
      latency: { ...latency, medianMs: 7, noisy: true },
      machine: { platform: 'darwin-arm64', processor: 'B' },
    };
    const checks = measuredChecks(read(), other as unknown as RemeasureResult);
    expect(wrongOf(checks)).toEqual([]);
    expect(checks.at(-1)).toEqual({ what: '  on', stated: 'A, linux-x64', found: 'B, darwin-arm64' });
    expect(checks.find(({ what }) => what === 'latency')?.found).toContain('noisy');
  });
});

import { formatMetric, formatPercent } from '../dashboard/format.ts';
import { mismatches } from '../export/certificate.ts';
import type { CertificateClaims, LatencyClaim, MachineClaim } from '../export/read-certificate.ts';
import type { FurtherResult, RemeasureResult } from '../trial/remeasure.ts';

/** One statement of a certificate beside what was found. `ok` is absent where it is only told: times belong to a machine. */
export interface Check {
  readonly what: string;
  readonly stated: string;
  readonly found: string;
  readonly ok?: boolean;
}

/** What a folder's files say without measuring anything. */
export interface FoundFiles {
  readonly sha256: string;
  readonly bytes: number;
  /** SHA-256 of the models in other formats that are there, by file. */
  readonly further: Readonly<Record<string, string>>;
  /** Of what the space file resolves to; undefined where it is missing. */
  readonly space: string | undefined;
}

const equal = (what: string, stated: string, found: string): Check => ({ what, stated, found, ok: stated === found });

export function fileChecks({ model, further, reproduce }: CertificateClaims, found: FoundFiles): Check[] {
  return [
    equal('model.onnx, SHA-256', model.sha256, found.sha256),
    equal('model.onnx, bytes', `${model.bytes}`, `${found.bytes}`),
    ...Object.entries(further).map(([file, stated]) =>
      equal(`${file}, SHA-256`, stated.sha256, found.further[file] ?? 'missing'),
    ),
    ...Object.keys(found.further)
      .filter((file) => !further[file])
      .map((file) => equal(file, 'not certified', 'there')),
    equal('space.yaml', reproduce.space.sha256, found.space ?? 'missing'),
  ];
}

export function measuredChecks({ measured: stated, recorded }: CertificateClaims, found: RemeasureResult): Check[] {
  const wrong = new Set(mismatches(recorded, found.metrics).map(({ metric }) => metric));
  const structural = ['size', 'macs', 'params'].filter((metric) => recorded[metric] !== undefined);
  return [
    ...(stated.dataHash === undefined ? [] : [equal('data, SHA-256', stated.dataHash, found.dataHash)]),
    accuracyCheck('test', stated.test.accuracy, found.test.accuracy),
    accuracyCheck('validation', stated.validation.accuracy, found.validation.accuracy),
    ...structural.map((metric) => ({
      what: metric,
      stated: formatMetric(metric, recorded[metric]),
      found: formatMetric(metric, found.metrics[metric]),
      ok: !wrong.has(metric),
    })),
    ...latencyChecks(stated, found),
  ];
}

/** Of a model in another format. */
export const furtherChecks = (
  file: string,
  stated: CertificateClaims['further'][string],
  found: Pick<FurtherResult, 'validation' | 'test'>,
): Check[] =>
  (['test', 'validation'] as const).map((split) => accuracyCheck(split, stated[split].accuracy, found[split].accuracy, file));

/** Of the same file on another processor: sums in another order can flip an image at the edge. */
function accuracyCheck(split: string, stated: number, found: number, whose = 'accuracy'): Check {
  const ok = mismatches({ accuracy: stated }, { accuracy: found }).length === 0;
  return { what: `${whose}, ${split} data`, stated: formatPercent(stated), found: formatPercent(found), ok };
}

function latencyChecks(stated: CertificateClaims['measured'], found: RemeasureResult): Check[] {
  const here = found.latency as unknown as LatencyClaim;
  const machine = found.machine as unknown as MachineClaim;
  const time = ({ medianMs, lowMs, highMs, noisy }: LatencyClaim) =>
    `${formatMetric('latencyMs', medianMs)} (${lowMs.toPrecision(3)} … ${highMs.toPrecision(3)})${noisy ? ', noisy' : ''}`;
  const ratio = ({ ratio, ratioLow, ratioHigh }: LatencyClaim) =>
    `${ratio.toFixed(2)} (${ratioLow.toFixed(2)} … ${ratioHigh.toFixed(2)})`;
  return [
    { what: 'latency', stated: time(stated.latency), found: time(here) },
    { what: '  of the dense network’s', stated: ratio(stated.latency), found: ratio(here) },
    { what: '  on', stated: nameOf(stated.latency.machine ?? stated.machine), found: nameOf(machine) },
  ];
}

const nameOf = ({ processor, platform }: MachineClaim) => `${processor}, ${platform}`;

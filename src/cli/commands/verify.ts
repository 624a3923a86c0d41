import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { exitCodes, NasError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import { exportFormats } from '../../export/formats/index.ts';
import { readCertificate } from '../../export/read-certificate.ts';
import { sha256 } from '../../trial/artefacts.ts';
import type { TrialSetup } from '../../trial/setup.ts';
import { loadSpace } from '../compose.ts';
import { verifyDatabase } from '../database-check.ts';
import { baselineFolder } from '../folders.ts';
import { note, print, printJson } from '../output.ts';
import { showWait } from '../progress-line.ts';
import { remeasureFurtherInProcess, remeasureInProcess } from '../remeasure.ts';
import { measuredMetrics } from '../search-settings.ts';
import { onInterrupt } from '../signals.ts';
import { table } from '../table.ts';
import { type Check, fileChecks, furtherChecks, measuredChecks } from '../verification.ts';

export interface VerifyFlags {
  readonly db: string;
  /** Hashes only. */
  readonly files?: boolean;
  /** Instead of what the space file says. */
  readonly data?: string;
  readonly json?: boolean;
}

/** `nas verify [dir]`: returns exit code 1 where something is not what it is said to be. */
export async function verify(folder: string | undefined, flags: VerifyFlags): Promise<number> {
  if (folder === undefined) return verifyDatabase(flags);
  const folders = await foldersIn(folder);
  const reports: { readonly folder: string; readonly checks: readonly Check[] }[] = [];
  for (const each of folders) reports.push({ folder: each, checks: await checksOf(each, flags) });
  if (flags.json) printJson(reports.map((report) => ({ ...report, verified: isFine(report) })));
  else print(reports.map(describe).join('\n\n'));
  return reports.every(isFine) ? exitCodes.ok : exitCodes.failure;
}

const isFine = ({ checks }: { readonly checks: readonly Check[] }) => checks.every(({ ok }) => ok !== false);

/** The folder itself, or those of a whole front. Throws NasError CERTIFICATE_MISSING. */
async function foldersIn(folder: string): Promise<string[]> {
  if (existsSync(join(folder, 'certificate.json'))) return [folder];
  const manifest = await readFile(join(folder, 'manifest.json'), 'utf8').catch(() => undefined);
  const folders = manifest === undefined ? [] : foldersOf(manifest).map((name) => join(folder, name));
  if (folders.length > 0) return folders;
  throw new NasError('CERTIFICATE_MISSING', `${folder} has no certificate.json: name a folder that nas export wrote.`, {
    facts: { folder },
  });
}

/** Plain names only: a manifest leads to nothing outside of its folder. */
function foldersOf(manifest: string): string[] {
  try {
    const { models } = JSON.parse(manifest) as { readonly models: readonly { readonly folder: unknown }[] };
    return models.flatMap(({ folder }) => (typeof folder === 'string' && /^[\w-][\w.-]*$/.test(folder) ? [folder] : []));
  } catch {
    return [];
  }
}

async function checksOf(folder: string, { files, data, json }: VerifyFlags): Promise<Check[]> {
  const certificate = join(folder, 'certificate.json');
  const claims = readCertificate(await readFile(certificate, 'utf8'), certificate);
  const model = join(folder, 'model.onnx');
  const bytes = await readFile(model).catch(() => Buffer.alloc(0));
  const spaceFile = join(folder, 'space.yaml');
  const space = existsSync(spaceFile) ? loadSpace(spaceFile) : undefined;
  const possible = exportFormats.flatMap(({ measured, entry }) => (measured ? [entry] : []));
  const further = await hashesOf(folder, [...new Set([...Object.keys(claims.further), ...possible])]);
  const checks = fileChecks(claims, { sha256: sha256(bytes), bytes: bytes.length, further, space: space?.hash });
  if (files || !space || !isFine({ checks })) return checks;
  if (!json) note(`Measuring ${model} again on validation and test data …`);
  const setup: TrialSetup = {
    model: space.model,
    data: { ...(space.data as object), ...(data === undefined ? {} : { folder: data }) },
    baseline: space.baseline,
    trial: space.trial,
    ...(space.latency === undefined ? {} : { latency: here(space.latency) }),
    metrics: measuredMetrics(space.goal),
    artefactFolder: folder,
    baselineFolder: baselineFolder(),
    threads: availableParallelism(),
  };
  const show = <T>(measure: (say: Say) => Promise<T>) => (json ? measure(() => undefined) : showWait('measuring', measure));
  const found = await show((say) => measured(() => remeasureInProcess({ model, setup }, say), data));
  checks.push(...measuredChecks(claims, found));
  for (const [file, stated] of Object.entries(claims.further)) {
    const again = await show((say) =>
      measured(() => remeasureFurtherInProcess({ further: join(folder, file), setup }, say), data),
    );
    checks.push(...furtherChecks(file, stated, again));
  }
  return checks;
}

/** Who verifies has not the device that timed: times are those of this machine, with as many threads as it has cores at most. */
function here(latency: Json): Json {
  const { on: _, threads = 1, ...rest } = latency as { readonly on?: Json; readonly threads?: number };
  return { ...rest, threads: Math.min(threads, availableParallelism()) };
}

/** Of the files that are there. */
async function hashesOf(folder: string, files: readonly string[]): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const file of files) {
    const bytes = await readFile(join(folder, file)).catch(() => undefined);
    if (bytes) hashes[file] = sha256(bytes);
  }
  return hashes;
}

type Say = Parameters<typeof remeasureInProcess>[1];

/** The data lay somewhere else where the model was searched: how to say where is said with the error. */
async function measured<T>(work: () => Promise<T>, data: string | undefined): Promise<T> {
  const stop = () => process.exit(exitCodes.interrupted);
  const interrupts = onInterrupt({ first: stop, second: stop });
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof NasError) || error.code !== 'DATA_MISSING' || data !== undefined) throw error;
    const message = `${error.message}\nName the folder that has them here: nas verify --data DIR.`;
    throw new NasError(error.code, message, { facts: error.facts, cause: error });
  } finally {
    interrupts.dispose();
  }
}

function describe(report: { readonly folder: string; readonly checks: readonly Check[] }): string {
  const lines = table(report.checks, [
    { title: '', cell: ({ ok }) => (ok === undefined ? '' : ok ? 'ok' : 'WRONG') },
    { title: '', cell: ({ what }) => what },
    { title: 'certificate', cell: ({ stated }) => short(stated), wraps: true },
    { title: 'found', cell: ({ found }) => short(found), wraps: true },
  ]);
  const measured = report.checks.some(({ what }) => what.startsWith('accuracy'));
  const verdict = isFine(report)
    ? measured
      ? 'is what its certificate says'
      : 'has the files that its certificate names'
    : 'is not what its certificate says';
  return `${lines}\n${report.folder} ${verdict}.`;
}

/** A hash is told apart by its beginning. */
const short = (text: string): string => (/^[0-9a-f]{64}$/.test(text) ? text.slice(0, 16) : text);

import type { Goal, Metrics } from '../core/objective.ts';
import type { ExportSource } from './formats/format.ts';

/** What a folder with the models of a whole front holds; ships as `manifest.json`. */
export interface FrontManifest {
  readonly format: 'espalier-front/1';
  readonly createdAt: string;
  readonly study: string;
  readonly goal: Goal;
  /** The dense network, as measured in the search. */
  readonly baseline: Metrics;
  /** Best first by the first objective. */
  readonly models: readonly ManifestModel[];
}

interface ManifestModel {
  readonly trial: number;
  /** Of its model.onnx, certificate.json and whatever else was asked for. */
  readonly folder: string;
  readonly sha256: string;
  readonly bytes: number;
  /** As measured in the search, on validation data. */
  readonly recorded: Metrics;
  /** On data that the search never saw. */
  readonly test: { readonly accuracy: number; readonly images: number };
  /** Rules of `nas pick` that choose it. */
  readonly pickedBy: readonly string[];
}

export interface ManifestEntry {
  readonly folder: string;
  readonly source: ExportSource;
  readonly pickedBy: readonly string[];
}

/** `entries` has one model at least. */
export function frontManifest(study: string, goal: Goal, entries: readonly ManifestEntry[]): FrontManifest {
  return {
    format: 'espalier-front/1',
    createdAt: new Date().toISOString(),
    study,
    goal,
    baseline: entries[0]!.source.certificate.baseline,
    models: entries.map(({ folder, source, pickedBy }) => {
      const { certificate, testAccuracy, testImages } = source;
      const { trial, recorded, model } = certificate;
      const test = { accuracy: testAccuracy, images: testImages };
      return { trial, folder, sha256: model.sha256, bytes: model.bytes, recorded, test, pickedBy };
    }),
  };
}

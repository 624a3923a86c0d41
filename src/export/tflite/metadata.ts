import { zipSync } from 'fflate';
import type { ExportSource } from '../formats/format.ts';
import type { Field } from './schema.ts';
import { Tables } from './tables.ts';

/**
 * What a TensorFlow Lite model says of itself to libraries that prepare pictures and name classes (MediaPipe, ML Kit): how its
 * input is normalised, and the labels of its output, which lie as a ZIP file behind the model. Source: metadata_schema.fbs in
 * tensorflow_lite_support/metadata.
 */

const identifier = 'M001';
const labelsFile = 'labels.txt';
/** The oldest reader that understands all of it. */
const parserVersion = '1.0.0';

/** Numbers of the schema's enums and unions. */
const colourSpaces = { rgb: 1, grey: 2 } as const;
const contents = { feature: 1, image: 2 } as const;
const axisLabels = 2;
const normalization = 1;

export function metadataOf(source: ExportSource): Uint8Array {
  const t = new Tables();
  const { study, trial } = source.certificate;
  const subgraph = t.table([
    ['offset', 2, t.offsets([inputOf(t, source)])],
    ['offset', 3, t.offsets([outputOf(t)])],
  ]);
  const model = t.table([
    ['offset', 0, t.text(`${study}, trial ${trial}`)],
    ['offset', 1, t.text('Compressed by Espalier; the answers are logits, the largest is the class.')],
    ['offset', 3, t.offsets([subgraph])],
    ['offset', 7, t.text(parserVersion)],
  ]);
  return t.finish(model, identifier);
}

/** To be laid behind the model. */
export const labelsOf = ({ classes }: ExportSource): Uint8Array =>
  zipSync({ [labelsFile]: Buffer.from(`${classes.join('\n')}\n`) }, { level: 0, mtime: new Date(2020, 0, 1) });

/** Pixels of 0 … 255 become (pixel − mean) / std: 0 … 1. What else there is to do the network does itself, see raw-pixels.ts. */
function inputOf(t: Tables, { input }: ExportSource): number {
  const options = t.table([
    ['offset', 0, t.floats([0])],
    ['offset', 1, t.floats([255])],
  ]);
  const unit = t.table([
    ['int8', 0, normalization],
    ['offset', 1, options],
  ]);
  const range = t.table([
    ['offset', 0, t.floats([1])],
    ['offset', 1, t.floats([0])],
  ]);
  return t.table([
    ['offset', 0, t.text(input.name)],
    ['offset', 3, contentOf(t, input)],
    ['offset', 4, t.offsets([unit])],
    ['offset', 5, range],
  ]);
}

function contentOf(t: Tables, { shape, sound }: ExportSource['input']): number {
  const isPicture = !sound && (shape[0] === 1 || shape[0] === 3);
  const properties: readonly Field[] = isPicture ? [['int8', 0, shape[0] === 3 ? colourSpaces.rgb : colourSpaces.grey]] : [];
  return t.table([
    ['int8', 0, isPicture ? contents.image : contents.feature],
    ['offset', 1, t.table(properties)],
  ]);
}

function outputOf(t: Tables): number {
  const labels = t.table([
    ['offset', 0, t.text(labelsFile)],
    ['int8', 2, axisLabels],
  ]);
  const content = t.table([
    ['int8', 0, contents.feature],
    ['offset', 1, t.table([])],
  ]);
  return t.table([
    ['offset', 0, t.text('logits')],
    ['offset', 3, content],
    ['offset', 6, t.offsets([labels])],
  ]);
}

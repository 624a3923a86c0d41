import { samplesOf } from '../network/data/sounds/log-mel.ts';
import type { ExportFormat, ExportSource } from './formats/format.ts';
import { soundPython, soundWords } from './sound-usage.ts';

/**
 * The model card, `README.md` of an exported folder (the sections that apply of Mitchell et al. 2019, Model Cards for Model
 * Reporting): what it is, how good it is and on what, what was done to it, and how to run it.
 */
export function modelCard(source: ExportSource, formats: readonly ExportFormat[]): string {
  const further = formats.map((format) => format.card(source));
  const parts = [intro(source), figures(source), perClass(source), changes(source), usage(source), ...further, again(source)];
  return `${parts.join('\n\n')}\n`;
}

/** Metrics over the classes, which a search has measured where it was asked for them. */
const classFigure = /^(balancedAccuracy$|worstRecall$|recall\(|precision\()/;

const percent = (fraction: number) => `${(100 * fraction).toFixed(2)} %`;

function intro({ certificate, classes, input }: ExportSource): string {
  return `# ${certificate.study}, trial ${certificate.trial}

${input.sound ? 'A sound' : 'An image'} classifier with ${classes.length} classes, compressed by Espalier. \`model.onnx\` is the very file that was measured; \`certificate.json\` holds its hash, every measurement and the recipe.`;
}

function figures({ certificate, testAccuracy, testImages, input }: ExportSource): string {
  const { recorded, baseline, model } = certificate;
  const row = (name: string, key: string, format: (value: number) => string) =>
    figureRow(name, recorded[key], baseline[key], format);
  return [
    '## Figures',
    '',
    '| | this model | dense network |',
    '|---|---|---|',
    `| accuracy, test data (${testImages} ${input.sound ? 'recordings' : 'images'} that the search never saw) | ${percent(testAccuracy)} | |`,
    ...row('accuracy, validation data (what the search chose by)', 'accuracy', percent),
    ...Object.keys(recorded)
      .filter((key) => classFigure.test(key))
      .flatMap((key) => row(`${key.replaceAll('|', '\\|')}, validation data`, key, percent)),
    `| bytes | ${model.bytes} | ${baseline['size'] ?? ''} |`,
    ...Object.entries(certificate.further ?? {}).flatMap(([file, { bytes, test, runtime }]) => [
      `| accuracy of \`${file}\`, the same test data, by ${runtime} | ${percent(test.accuracy)} | |`,
      `| bytes of \`${file}\` | ${bytes} | |`,
    ]),
    ...row('parameters', 'params', String),
    ...row('multiply-accumulates per image', 'macs', String),
    ...timesRow(certificate),
    '',
    timedOn(certificate),
  ].join('\n');
}

/** The shipped file and the dense network in turns, just now: in the search they may have been timed briefly. */
function timesRow(certificate: ExportSource['certificate']): string[] {
  const { recorded, baseline } = certificate;
  const { medianMs = recorded['latencyMs'], baselineMs = baseline['latencyMs'] } = latencyOf(certificate);
  return figureRow(`latency, ${conditionsOf(certificate)}`, medianMs, baselineMs, (ms) => `${ms.toPrecision(3)} ms`);
}

/** The latency that was measured, and how. Certificates of before this could be chosen do not say how. */
interface Times {
  readonly medianMs?: number;
  readonly baselineMs?: number;
  readonly batch?: number;
  readonly threads?: number;
  /** The device, where another machine timed than measured everything else. */
  readonly machine?: { readonly platform: string; readonly processor: string };
}

const latencyOf = ({ measured }: ExportSource['certificate']): Times => (measured as { readonly latency?: Times }).latency ?? {};

function timedOn(certificate: ExportSource['certificate']): string {
  const { machine } = latencyOf(certificate);
  const where = `\`measured.${machine ? 'latency.' : ''}machine\``;
  return `Latency belongs to the machine that measured it (\`certificate.json\`, ${where})${machine ? `: ${machine.processor}, ${machine.platform}` : ''}.`;
}

function conditionsOf(certificate: ExportSource['certificate']): string {
  const { batch = 1, threads = 1 } = latencyOf(certificate);
  return `${batch === 1 ? 'one image' : `${batch} images at once`}, ${threads === 1 ? 'one thread' : `${threads} threads`}`;
}

function figureRow(
  name: string,
  here: number | undefined,
  dense: number | undefined,
  format: (value: number) => string,
): string[] {
  if (here === undefined) return [];
  return [`| ${name} | ${format(here)} | ${dense === undefined ? '' : format(dense)} |`];
}

function perClass({ classes, recall }: ExportSource): string {
  const rows = classes.map((name, i) => `| ${name.replaceAll('|', '\\|')} | ${percent(recall[i] ?? 0)} |`);
  return ['## Per class', '', '| class | recall, test data |', '|---|---|', ...rows].join('\n');
}

function changes({ certificate }: ExportSource): string {
  const lines = Object.entries(certificate.plan.techniques).flatMap(([technique, sites]) =>
    Object.entries(sites).map(([site, settings]) => {
      const values = Object.entries(settings).map(([knob, value]) => `${knob} ${value}`);
      return `| ${site} | ${technique} | ${values.join(', ')} |`;
    }),
  );
  if (lines.length === 0) return '## What was done to it\n\nNothing: this is the dense network.';
  return ['## What was done to it', '', '| layer | technique | setting |', '|---|---|---|', ...lines.sort()].join('\n');
}

function usage({ input, classes }: ExportSource): string {
  const [channels, height, width] = input.shape;
  const ready = `numpy.zeros((1, ${channels}, ${height}, ${width}), numpy.float32)`;
  const [imports, example] = input.sound
    ? [soundPython(input.sound, input), `look(numpy.zeros(${samplesOf(input.sound)}))`]
    : ['import numpy, onnxruntime', ready];
  return `## How to run it

Input \`${input.name}\`: float32 [N, ${channels}, ${height}, ${width}], each channel (pixel / 255 − mean) / std with mean ${input.mean.join(', ')} and std ${input.std.join(', ')}.${preparing(input)} Output: ${classes.length} logits; the largest is the class.

\`\`\`python
${imports}
${input.sound ? '\n' : ''}session = onnxruntime.InferenceSession("model.onnx")
logits, = session.run(None, {"${input.name}": ${example}})
\`\`\``;
}

/** A picture that is made smaller in another way is another picture; a spectrogram of another kind another sound. */
function preparing({ shape: [channels, height, width], resize, sound }: ExportSource['input']): string {
  if (sound) return ` ${soundWords(sound)}`;
  if (!resize) return '';
  const colour = channels === 1 ? 'made grey' : 'in sRGB';
  return ` Pictures were turned upright, scaled to cover ${width} × ${height} pixels (${resize.filter}), the middle cut out, ${colour}: prepare yours alike.`;
}

const handedWords = (count: number): string =>
  count === 0
    ? ''
    : `\n${count === 1 ? 'One candidate' : `${count} candidates`} came from elsewhere (\`--warm-from\`, \`--enqueue\`), which the command does not name.\n`;

function again({ certificate, input }: ExportSource): string {
  return `## How to make it again

\`\`\`sh
${certificate.reproduce.command}
\`\`\`
${handedWords(certificate.reproduce.handedOver ?? 0)}
The data decides what it is good for: it knows the classes above in ${input.sound ? 'sounds' : 'pictures'} like those it was trained on, and nothing else.`;
}

import { wrapWords } from '../core/wrap.ts';
import { outputWidth, unbroken, wrapped } from './wrap.ts';

/** What stands below the options of every command: examples, and where to go on. */

interface CommandHelp {
  /** Command lines, and what each does. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** Commands and guides that belong to it. */
  readonly see?: string;
}

type Examples = CommandHelp['examples'];

const programExamples: Examples = [
  ['nas init', 'a space file for your network, by a few questions'],
  ['nas search --space resnet.yaml --trials 100', 'search; run it again to resume'],
  ['nas front', 'the Pareto front of the last study'],
  ['nas watch', 'the dashboard, from another terminal'],
  ['nas show 37', 'what trial 37 does to every layer'],
  ['nas pick', 'which model to ship, and why'],
  ['nas export --out model', 'that model, with a certificate'],
];

export const programHelp = (): string =>
  [
    '',
    'Examples:',
    ...exampleLines(programExamples),
    '',
    wrapped("nas help COMMAND shows a command's options and examples, nas guide a page on each task."),
    wrapped('Exit codes: 0 done, 1 failed, 2 bad input, 130 interrupted (the study can be resumed).', '  '),
  ].join('\n');

/** Examples of a command; nothing for one that is not listed. */
export function helpOf(command: string): string {
  const help = commandHelp[command];
  if (!help) return '';
  const see = help.see === undefined ? [] : ['', wrapped(`See also: ${help.see.split(', ').map(unbroken).join(', ')}`, '  ')];
  return ['', 'Examples:', ...exampleLines(help.examples), ...see].join('\n');
}

/** What a line does has at least so many columns beside it. */
const leastBeside = 30;

/** Side by side, or where the terminal is too narrow what it does below the line to type. */
function exampleLines(examples: Examples, room = outputWidth()): string[] {
  const width = Math.max(...examples.map(([line]) => line.length));
  if (room - width - 4 < leastBeside) return examples.flatMap(([line, what]) => [`  ${line}`, `      ${what}`]);
  const indent = ' '.repeat(width + 4);
  return examples.flatMap(([line, what]) => wrapWords(what, room, indent, `  ${line.padEnd(width)}  `));
}

export const commandHelp: Readonly<Record<string, CommandHelp>> = {
  init: {
    examples: [
      ['nas init', 'ask, then write space.yaml'],
      ['nas init mine.yaml --model mobilenet --data photos --bound "size <= 50kB"', 'ask for the rest only'],
      ['nas init mine.yaml --yes', 'ask nothing: the usual answers'],
    ],
    see: 'nas guide your-space, nas search, nas schema',
  },
  guide: {
    examples: [
      ['nas guide', 'which guides there are'],
      ['nas guide shipping', 'one of them'],
    ],
  },
  search: {
    examples: [
      ['nas search --space quick.yaml', 'a first try, some minutes'],
      ['nas search --space resnet.yaml --trials 100', 'the same line again goes on, also after a crash'],
      ['nas search --space resnet.yaml --time 30m --workers 4', 'as many trials as fit in half an hour'],
      ['nas search --space resnet.yaml --target "accuracy >= 91 %, size <= 40kB"', 'until a model has both'],
      ['nas search --space resnet.yaml --scheduler asha', 'end trials early that do not look well'],
      ['nas search --space resnet.yaml --seed 2 --study second', 'a second study of the same space'],
      ['nas search --space resnet.yaml --json', 'events as NDJSON, for programs'],
    ],
    see: 'nas guide quick-start, nas guide resuming, nas guide speed, nas control, nas ui',
  },
  sensitivity: {
    examples: [
      ['nas sensitivity --space resnet.yaml', 'a table of every choice'],
      ['nas sensitivity --space resnet.yaml --out chart.svg', 'and a picture'],
    ],
    see: 'nas search --start anchors,sensitivity, nas explain',
  },
  enqueue: {
    examples: [
      ['nas enqueue points.json', 'candidates from a file'],
      ['nas enqueue "trial 37 of resnet"', 'what another study found'],
    ],
    see: 'nas search --warm-from',
  },
  ls: {
    examples: [
      ['nas ls', 'every trial of the last study'],
      ['nas ls --study resnet --csv > trials.csv', 'for a spreadsheet'],
    ],
    see: 'nas export --data, nas front, nas show',
  },
  front: {
    examples: [
      ['nas front', 'of the last study'],
      ['nas front --study resnet --json', 'for programs'],
      ['nas front --csv', 'for a spreadsheet'],
    ],
    see: 'nas guide reading-the-front, nas pick, nas replicate',
  },
  show: {
    examples: [
      ['nas show 37', 'metrics and choices, layer by layer'],
      ['nas show 37 --csv', 'the choices as a table'],
    ],
    see: 'nas explain',
  },
  explain: {
    examples: [
      ['nas explain 37 --quick', 'a first idea, without training'],
      ['nas explain 37', 'fine-tuned as the trial was; asking again costs nothing'],
      ['nas explain 37 --workers 2 --json', 'for programs'],
    ],
    see: 'nas show, nas sensitivity, nas guide reading-the-front',
  },
  ui: {
    examples: [
      ['nas ui', 'opens a page in your browser'],
      ['nas ui --port 8090 --no-open', 'says the address only'],
    ],
    see: 'nas report',
  },
  report: {
    examples: [['nas report --out report.html', 'one page to pass on, with its charts beside it']],
    see: 'nas ui',
  },
  replicate: {
    examples: [
      ['nas replicate', 'the front again, three seeds each'],
      ['nas replicate --seeds 5 --trials 3,7', 'two trials, five seeds each'],
    ],
    see: 'nas front, nas guide reading-the-front',
  },
  pick: {
    examples: [
      ['nas pick', 'the smallest within a point of the baseline'],
      ['nas pick --rule knee', 'by another rule'],
    ],
    see: 'nas export --rule, nas guide reading-the-front',
  },
  export: {
    examples: [
      ['nas export --out model', 'what nas pick shows first'],
      ['nas export --trial 37 --out model', 'a trial of your choice'],
      ['nas export --trial 37 --out model --format web', 'with a page that runs it in a browser'],
      ['nas export --trial 37 --out model --format tflite', 'with a TensorFlow Lite model, for phones'],
      ['nas export --trial 37 --out model --format tfjs c', 'with TensorFlow.js, and a C array'],
      ['nas export --front --out front', 'every model of the front, with a manifest'],
      ['nas export --data trials.csv', 'the study as a table: .csv, .json, .ndjson'],
      ['nas export --optuna study.db', 'the study for Optuna and optuna-dashboard'],
    ],
    see: 'nas guide shipping, nas verify',
  },
  verify: {
    examples: [
      ['nas verify model', 'a shipped folder against its certificate'],
      ['nas verify', 'the database, and the models of its fronts'],
    ],
    see: 'nas export',
  },
  gc: {
    examples: [
      ['nas gc', 'what would go'],
      ['nas gc --yes', 'remove it'],
    ],
  },
  spaces: { examples: [['nas spaces', 'spaces that come with nas']], see: 'nas init' },
  schema: {
    examples: [['nas schema > schema.json', 'completion for space files in your editor']],
    see: 'nas guide your-space',
  },
  watch: {
    examples: [
      ['nas watch', 'the dashboard of the last study, running or finished'],
      ['nas watch --study resnet', 'of another one'],
    ],
    see: 'nas control, nas ui',
  },
  control: {
    examples: [
      ['nas control pause', 'running trials wait'],
      ['nas control add 50', 'fifty trials more'],
      ['nas control time 2h', 'another end'],
    ],
    see: 'nas search, nas guide resuming',
  },
  bench: {
    examples: [['nas bench --trials 50 --seeds 3', 'compare the controllers; trains nothing']],
    see: 'nas search --controller, nas guide own-controller',
  },
  doctor: {
    examples: [
      ['nas doctor', 'what this machine has, and how fast it trains'],
      ['nas doctor --no-speed', 'a quick look'],
    ],
    see: 'nas engine, nas guide speed',
  },
  device: {
    examples: [
      ['nas device', 'on the board: prints the line for the space file, and a token'],
      ['NAS_DEVICE_TOKEN=mine nas device --port 7411', 'with a token of your own, which stays the same'],
    ],
    see: 'nas guide on-a-device',
  },
  engine: {
    examples: [['nas engine install cuda', "onnxruntime's CUDA parts"]],
    see: 'nas doctor',
  },
};

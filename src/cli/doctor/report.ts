import { wrapWords } from '../../core/wrap.ts';
import { formatBytes } from '../../dashboard/format.ts';
import { describeSetup, type EngineChoice, type EngineSetup } from '../../network/engine/choice.ts';
import type { Speed } from '../../trial/speed-process.ts';
import type { Versions } from '../study-facts.ts';
import { type MachineFacts, shortPath } from './machine.ts';

/** One way to train, tried on this machine. */
export interface SetupReport extends EngineSetup {
  readonly usable: boolean;
  /** Why it is not usable. */
  readonly reason?: string;
  /** It should work here, by what the machine shows, and does not. */
  readonly broken: boolean;
  readonly speed?: Speed;
}

export interface DoctorReport {
  readonly versions: Versions;
  readonly machine: MachineFacts;
  readonly tensorflow: { readonly name: string; readonly version: string; readonly folder: string } | undefined;
  /** Why folders of pictures cannot be read; undefined where they can. */
  readonly pictures: string | undefined;
  readonly datasets: readonly { readonly name: string; readonly folder: string | undefined }[];
  readonly setups: readonly SetupReport[];
  readonly choice: EngineChoice;
  /** Trials at a time. */
  readonly workers: number;
  /** What stands in the way; the exit code is 1 where there is any. */
  readonly problems: readonly string[];
}

const gigabyte = 1e9;

/** What is missing for a search, or does not work although it should. */
export function problemsOf({ machine, setups }: Pick<DoctorReport, 'machine' | 'setups'>): string[] {
  const { memory, disk } = machine;
  return [
    ...(memory.free < gigabyte
      ? [`only ${formatBytes(memory.free)} of memory are free: a trial of a small network takes 0.3 GB.`]
      : []),
    ...(disk.free < gigabyte
      ? [`only ${formatBytes(disk.free)} are free in ${shortPath(disk.folder)}, where models and data go.`]
      : []),
    ...(disk.unwritable === undefined
      ? []
      : [`models and data cannot be kept in ${disk.unwritable}. Set XDG_CACHE_HOME to a folder that can be written.`]),
    ...setups.filter(({ broken }) => broken).map((setup) => `${describeSetup(setup)}: ${setup.reason}`),
  ];
}

/** For people, in 80 columns. */
export function renderReport(report: DoctorReport): string {
  const { versions, choice, workers, problems, pictures } = report;
  const at = `${workers} trial${workers === 1 ? '' : 's'} at a time`;
  return [
    `Espalier ${versions.espalier}, Node ${versions.node}, onnxruntime ${versions.onnxruntime}, ${versions.platform}`,
    '',
    ...machineLines(report),
    '',
    ...setupLines(report.setups),
    '',
    ...wrap(
      `nas search would train with ${describeSetup(choice)}, ${at}${orCpu(choice)}; accuracy and latency are measured on the CPU.`,
      '',
    ),
    ...(problems.length === 0
      ? [pictures === undefined ? 'No problems found.' : 'No other problems found.']
      : ['', 'Problems:', ...problems.flatMap((text) => wrap(text, '  '))]),
  ].join('\n');
}

/** What only the network of a search decides. */
const orCpu = ({ device }: DoctorReport['choice']): string =>
  device === 'cpu' ? '' : ', or on the CPU where its cores together train the network of the search faster';

function machineLines({ machine, tensorflow, pictures, datasets }: DoctorReport): string[] {
  const { processor, cores, simd, memory, disk, gpus } = machine;
  const row = (title: string, text: string) => wrap(text, ' '.repeat(13), title.padEnd(13));
  const data = datasets.map(
    ({ name, folder }) => `${name} ${folder === undefined ? 'is fetched when needed' : `in ${shortPath(folder)}`}`,
  );
  return [
    ...row('processor', [`${processor}, ${cores} cores`, ...simd].join(', ')),
    ...row('memory', `${formatBytes(memory.free)} of ${formatBytes(memory.total)} free`),
    ...row('disk', `${formatBytes(disk.free)} free in ${shortPath(disk.folder)}`),
    ...row('graphics', gpus.length > 0 ? gpus.join(', ') : 'none seen'),
    ...row(
      'TensorFlow',
      tensorflow ? `${tensorflow.name} ${tensorflow.version} in ${shortPath(tensorflow.folder)}` : 'not installed',
    ),
    ...row('pictures', pictures ?? 'can be read from folders'),
    ...data.flatMap((text, i) => row(i === 0 ? 'data' : '', text)),
  ];
}

function setupLines(setups: readonly SetupReport[]): string[] {
  const name = ({ engine, device, lowering }: EngineSetup) => `${engine.padEnd(12)} ${device.padEnd(7)} ${lowering.padEnd(10)}`;
  const lines = setups.flatMap((setup) => {
    const { usable, reason, speed } = setup;
    if (!usable) return [`✗ ${name(setup)}`.trimEnd(), ...wrap(reason ?? '', '    ')];
    return [`✓ ${name(setup)} ${speed ? rates(speed) : ''}`.trimEnd()];
  });
  const measured = setups.some(({ speed }) => speed !== undefined);
  const title = 'What can train';
  return [measured ? `${title.padEnd(33)} steps/s  images/s  ms a step` : title, ...lines];
}

const rates = ({ medianMs }: Speed): string => {
  const perSecond = 1000 / medianMs;
  return [
    perSecond.toFixed(1).padStart(8),
    Math.round(128 * perSecond)
      .toString()
      .padStart(9),
    medianMs.toFixed(1).padStart(10),
  ].join(' ');
};

/** In lines of at most 80 columns. */
const wrap = (text: string, indent: string, first = indent): string[] => wrapWords(text, 80, indent, first);

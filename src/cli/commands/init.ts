import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, relative, sep } from 'node:path';
import { confirm, isCancel } from '@clack/prompts';
import { metricParts } from '../../core/catalog.ts';
import { exitCodes, NasError, pick } from '../../core/errors.ts';
import type { Goal } from '../../core/objective.ts';
import { counted } from '../../core/words.ts';
import { techniqueInfos } from '../../network/compress/catalog.ts';
import { importNetwork } from '../../network/models/import/import.ts';
import { readNetworkFile } from '../../network/models/import/read.ts';
import { checkSpace } from '../compose.ts';
import {
  type Answers,
  aimChoices,
  effortChoices,
  isOwnNetwork,
  modelChoices,
  techniqueChoices,
  usualAnswers,
  usualBound,
} from '../init/answers.ts';
import { lookAtData } from '../init/own-data.ts';
import { spaceText } from '../init/space-text.ts';
import { note, print } from '../output.ts';
import { shellWord } from '../shell.ts';

interface InitFlags {
  readonly model?: string;
  readonly data?: string;
  readonly aim?: readonly string[];
  readonly bound?: string;
  readonly techniques?: readonly string[];
  readonly effort?: string;
  readonly yes?: boolean;
  readonly force?: boolean;
}

/** `nas init`: writes a space file that `nas search` takes. Returns the exit code. */
export async function init(file = 'space.yaml', flags: InitFlags): Promise<number> {
  if (!/\.ya?ml$/i.test(file))
    throw new NasError('INIT_FILE', `${file}: a space file ends in .yaml. Write nas init ${file}.yaml.`);
  const asks = process.stdin.isTTY && process.stdout.isTTY && !flags.yes;
  const given = givenBy(flags);
  if (!(await mayWrite(file, flags, asks))) return exitCodes.interrupted;
  const answers = asks
    ? await (await import('../init/questions.ts')).ask(given)
    : { ...usualAnswers, bound: usualBound(given.data ?? usualAnswers.data), ...given };
  if (!answers) return exitCodes.interrupted;
  const own = await lookAtData(answers.data, answers.model);
  const techniques = given.techniques ?? fittingTechniques(answers);
  const content = spaceText(file, nameOf(file), { ...answers, techniques, model: seenFrom(file, answers.model) }, own);
  const { goal } = checkSpace(content, file);
  if (own?.classes) checkClasses(own.classes, answers, goal);
  await write(file, content);
  print(`${file} is written: every line says what it does.\nSearch it:  nas search --space ${shellWord(file)}`);
  return exitCodes.ok;
}

/** What was not asked for by name is left out where the user's own network has no layer for it. */
function fittingTechniques({ model, techniques }: Answers): readonly string[] {
  // One that is not there is refused with all else that is wrong with the space.
  if (!isOwnNetwork(model) || !existsSync(model)) return techniques;
  const infos = techniqueInfos(importNetwork(readNetworkFile(model)));
  const fits = (name: string) => infos.find((info) => info.name === name)!.sites.length > 0;
  const kept = techniques.filter(fits);
  for (const name of techniques)
    if (!fits(name)) note(`${name} is left out: this network has no layer that it can be applied to.`);
  return kept.length > 0 ? kept : techniques;
}

/** Throws NasError INIT_CLASSES where the network tells others than the data have, or a bound is on one that they lack. */
function checkClasses(classes: readonly string[], { model, data }: Answers, { constraints }: Goal): void {
  const list = `${counted(classes.length, 'class', 'classes')}: ${classes.join(', ')}`;
  const refuse = (what: string) =>
    new NasError('INIT_CLASSES', `${what}; ${data} has ${list}.`, { facts: { classes: [...classes] } });
  if (isOwnNetwork(model)) {
    const { outputs, types } = importNetwork(readNetworkFile(model));
    const told = types[outputs[0]!]!.shape[1]!;
    if (told !== classes.length) throw refuse(`${model} tells ${counted(told, 'class', 'classes')} apart`);
  }
  const strange = constraints.map(({ metric }) => metricParts(metric).of).find((of) => of !== undefined && !classes.includes(of));
  if (strange !== undefined) throw refuse(`the bound is on the class "${strange}"`);
}

/** A network's path as it was typed, from here, as the space file says it: from its own folder. */
function seenFrom(file: string, model: string): string {
  if (!isOwnNetwork(model) || isAbsolute(model)) return model;
  return relative(dirname(file), model).split(sep).join('/');
}

/** The answers that the options give. Throws NasError UNKNOWN_MODEL, UNKNOWN_AIM, UNKNOWN_TECHNIQUE, UNKNOWN_EFFORT. */
function givenBy({ model, data, aim, bound, techniques, effort }: InitFlags): Partial<Answers> {
  return {
    ...(model === undefined ? {} : { model: checkedModel(model) }),
    ...(data === undefined ? {} : { data }),
    ...(aim === undefined ? {} : { aim: aim.map((name) => pick('aim', aimChoices, name).name) }),
    ...(bound === undefined ? {} : { bound }),
    ...(techniques === undefined ? {} : { techniques: techniques.map((name) => pick('technique', techniqueChoices, name).name) }),
    ...(effort === undefined ? {} : { effort: pick('effort', effortChoices, effort).name }),
  };
}

/** Throws NasError UNKNOWN_MODEL, INIT_MODEL. */
function checkedModel(model: string): string {
  if (isOwnNetwork(model)) return model;
  const isFile = extname(model) !== '' || existsSync(model);
  if (!isFile || modelChoices.some(({ name }) => name === model)) return pick('model', modelChoices, model).name;
  throw new NasError('INIT_MODEL', `${model} is no ONNX file: export the network to one, and name it (--model net.onnx).`);
}

/** Nothing is written over without a word. Throws NasError INIT_EXISTS where nobody can be asked. */
async function mayWrite(file: string, { force }: InitFlags, asks: boolean): Promise<boolean> {
  if (force || !existsSync(file)) return true;
  if (!asks) {
    const message = `${file} exists already. Name another file (nas init mine.yaml), or write over it with --force.`;
    throw new NasError('INIT_EXISTS', message, { facts: { file } });
  }
  const answer = await confirm({ message: `${file} exists already. Write over it?`, initialValue: false });
  return !isCancel(answer) && answer;
}

/** A study's name may hold letters, digits, ".", "_" and "-". */
function nameOf(file: string): string {
  const plain = basename(file)
    .replace(/\.ya?ml$/i, '')
    .replaceAll(/[^\w.-]/g, '-')
    .slice(0, 64);
  return /^[A-Za-z0-9]/.test(plain) ? plain : `space-${plain}`.slice(0, 64);
}

async function write(file: string, content: string): Promise<void> {
  try {
    await writeFile(file, content);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new NasError('INIT_FILE', `${file} cannot be written: ${why}`, { facts: { file }, cause: error });
  }
}

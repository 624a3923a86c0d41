import { cancel, intro, isCancel, multiselect, select, text } from '@clack/prompts';
import {
  type Answers,
  aimChoices,
  type Choice,
  effortChoices,
  isOwnNetwork,
  modelChoices,
  techniqueChoices,
  usualAnswers,
  usualBound,
} from './answers.ts';

/** Asks on the terminal for what is not given. Undefined where the user leaves. */
export async function ask(given: Partial<Answers>): Promise<Answers | undefined> {
  intro('A space file: what may be done to which network');
  const answers: Partial<Record<keyof Answers, unknown>> = {};
  for (const [name, question] of Object.entries(questions)) {
    const answer = given[name as keyof Answers] ?? (await question(answers as Partial<Answers>));
    if (isCancel(answer)) {
      cancel('Nothing was written.');
      return undefined;
    }
    answers[name as keyof Answers] = answer;
  }
  return answers as unknown as Answers;
}

/** Stands for a file that is asked for next. */
const ownNetwork = 'own';

const options = (choices: readonly Choice[]) => choices.map(({ name, summary }) => ({ value: name, label: name, hint: summary }));

/** Enter alone takes the usual answer. */
const ownText = (message: string, usual: string) => text({ message, placeholder: usual, defaultValue: usual });

async function askModel(): Promise<unknown> {
  const own = { value: ownNetwork, label: 'my own', hint: 'a trained network as an ONNX file' };
  const answer = await select({
    message: 'Which network?',
    options: [...options(modelChoices), own],
    initialValue: usualAnswers.model,
  });
  if (answer !== ownNetwork) return answer;
  const isOnnx = (value: string | undefined) => (value && isOwnNetwork(value) ? undefined : 'A file that ends in .onnx.');
  return text({ message: 'Its file?', placeholder: 'net.onnx', validate: isOnnx });
}

/** In this order: each knows what was answered before. */
const questions: Readonly<Record<keyof Answers, (before: Partial<Answers>) => Promise<unknown>>> = {
  model: askModel,
  data: () =>
    ownText('Which data? fashion-mnist, spoken-prompts, or a folder of pictures, recordings or idx files', usualAnswers.data),
  aim: () =>
    multiselect({
      message: 'What counts besides accuracy?',
      required: false,
      options: options(aimChoices),
      initialValues: [...usualAnswers.aim],
    }),
  bound: ({ data }) => ownText('A bound that no model may miss? none for none', usualBound(data ?? usualAnswers.data)),
  techniques: () =>
    multiselect({
      message: 'What may be done to the layers?',
      options: options(techniqueChoices),
      initialValues: [...usualAnswers.techniques],
    }),
  effort: () => select({ message: 'How long may it take?', options: options(effortChoices), initialValue: usualAnswers.effort }),
};

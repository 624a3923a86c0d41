import { parseDuration } from './format.ts';
import type { Effect } from './ui-state.ts';

export type PromptKind = 'filter' | 'add-trials' | 'time' | 'export' | 'stop-trial' | 'stop';

/** A question on the last line of the screen, and what was typed so far. */
export interface Prompt {
  readonly kind: PromptKind;
  readonly text: string;
  /** Why the text was not taken. */
  readonly problem: string;
  /** The trial that it is about. */
  readonly trial: number;
}

interface Question {
  readonly label: (prompt: Prompt) => string;
  /** What Enter does. */
  readonly enter: string;
  /** Nothing can be typed: Enter or Esc. */
  readonly confirm?: true;
  readonly submit: (prompt: Prompt) => Submitted;
}

export type Submitted = { readonly effect?: Effect } | { readonly problem: string };

export const questions: Readonly<Record<PromptKind, Question>> = {
  filter: {
    label: () => 'show only',
    enter: 'keep',
    submit: () => ({}),
  },
  'add-trials': {
    label: () => 'more trials',
    enter: 'add',
    submit({ text }) {
      const trials = Number(text);
      if (text.trim() === '' || !Number.isSafeInteger(trials) || trials === 0)
        return { problem: 'a whole number, such as 20; -20 takes away' };
      return { effect: { type: 'steer', command: { type: 'add-trials', trials } } };
    },
  },
  time: {
    label: () => 'time of this session in all (15m, 2h, none)',
    enter: 'set',
    submit({ text }) {
      const seconds = text.trim() === 'none' ? null : parseDuration(text);
      if (seconds === undefined) return { problem: 'a time such as 90s, 15m, 2h, or none' };
      return { effect: { type: 'steer', command: { type: 'time', seconds } } };
    },
  },
  export: {
    label: ({ trial }) => `export trial ${trial} to the new folder`,
    enter: 'export',
    submit({ text, trial }) {
      if (text.trim() === '') return { problem: 'the name of a folder' };
      return { effect: { type: 'export', trial, folder: text.trim() } };
    },
  },
  'stop-trial': {
    label: ({ trial }) => `end trial ${trial} for good?`,
    enter: 'end it',
    confirm: true,
    submit: ({ trial }) => ({ effect: { type: 'steer', command: { type: 'stop-trial', trial } } }),
  },
  stop: {
    label: () => 'stop the search? It can be resumed.',
    enter: 'stop it',
    confirm: true,
    submit: () => ({ effect: { type: 'steer', command: { type: 'stop' } } }),
  },
};

export const submit = (prompt: Prompt): Submitted => questions[prompt.kind].submit(prompt);

import type { Ends } from './trial.ts';

/** `1 trial`, `2 trials`: a count with its noun. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** What became of trials: `5 done, 1 failed, 1 stopped`; those that are paused or stopped only where there are any. */
export const outcomes = ({ done, failed, paused, stopped }: Ends): string =>
  [
    `${done} done`,
    `${failed} failed`,
    ...(paused > 0 ? [`${paused} paused`] : []),
    ...(stopped > 0 ? [`${stopped} stopped`] : []),
  ].join(', ');

/** Text of somebody else (an error of a user's code, say) as the end of a sentence: with one full stop, whether it has its own or not. */
export const ended = (text: string): string => `${text.replace(/[.\s]+$/, '')}.`;

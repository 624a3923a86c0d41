/** `1 trial`, `2 trials`: a count with its noun. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** Text of somebody else (an error of a user's code, say) as the end of a sentence: with one full stop, whether it has its own or not. */
export const ended = (text: string): string => `${text.replace(/[.\s]+$/, '')}.`;

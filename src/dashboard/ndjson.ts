import type { LiveEvent } from '../core/event.ts';

/** Where a reporter's text goes; every text is whole lines, each with its line break. */
export type Write = (text: string) => void;

export interface Reporter {
  readonly emit: (event: LiveEvent) => void;
}

/** Every live event (core/event.ts) as one line of JSON, `type` and `at` first. Numbers that are not finite become null. */
export function ndjsonReporter({ write }: { readonly write: Write }): Reporter {
  return {
    emit({ type, at, ...fields }) {
      write(`${JSON.stringify({ type, at, ...fields })}\n`);
    },
  };
}

import { exitCodes, NasError } from '../core/errors.ts';

/** A call at the wrong time: a mistake in the program, not a failed trial. */
export const notOpen = () =>
  new NasError('EXECUTOR_CLOSED', 'the executor is not open: open() comes before the first run(), and close() after the last.', {
    exitCode: exitCodes.failure,
  });

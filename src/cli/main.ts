#!/usr/bin/env node
// Here too: threads have an environment of their own, which the library does not see.
import '../network/engine/no-telemetry.ts';
import { CommanderError } from 'commander';
import { exitCodes, NasError } from '../core/errors.ts';
import { addCompletion } from './completion.ts';
import { describeError, messageOf } from './options.ts';
import { note, watchOutput } from './output.ts';
import { program } from './program.ts';

/** The command line: argv → one command → an exit code. */

/** The exit code of an error, after it was told. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.badInput;
  if (error instanceof NasError) {
    note(describeError(error));
    return error.exitCode;
  }
  note(`error: ${messageOf(error)}`);
  if (error instanceof Error && error.stack && process.env['NAS_DEBUG']) note(error.stack);
  return exitCodes.failure;
}

watchOutput();
try {
  const nas = program();
  await addCompletion(nas, process.argv);
  await nas.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

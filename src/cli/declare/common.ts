import { InvalidArgumentError, Option } from 'commander';

/** Options that several commands take; each call makes a new one. */

export const dbOption = () => new Option('--db <file>', 'database of studies').default('nas.db').env('NAS_DB');

export const studyOption = () => new Option('--study <name>', 'name of the study (default: the latest)');

export const jsonOption = () => new Option('--json', 'for programs');

export const ruleOption = () => new Option('--rule <name>', 'how to choose (nas pick lists the rules; default: margin)');

export const csvOption = () => new Option('--csv', 'for spreadsheets and data frames').conflicts('json');

export function port(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < 0 || value > 65_535)
    throw new InvalidArgumentError('Expected a port from 0 to 65535.');
  return value;
}

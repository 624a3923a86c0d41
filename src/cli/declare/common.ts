import { Option } from 'commander';

/** Options that several commands take; each call makes a new one. */

export const dbOption = () => new Option('--db <file>', 'database of studies').default('nas.db').env('NAS_DB');

export const studyOption = () => new Option('--study <name>', 'name of the study (default: the latest)');

export const jsonOption = () => new Option('--json', 'for programs');

export const ruleOption = () => new Option('--rule <name>', 'how to choose (nas pick lists the rules; default: margin)');

export const csvOption = () => new Option('--csv', 'for spreadsheets and data frames').conflicts('json');

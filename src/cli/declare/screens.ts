import type { Command } from 'commander';
import { dbOption, jsonOption, port, studyOption } from './common.ts';

/** Declares the web page and the report. */
export function addScreens(nas: Command): void {
  nas
    .command('ui')
    .description('a web page of the studies in a database, live while a search runs')
    .addOption(studyOption())
    .addOption(dbOption())
    .option('--port <n>', 'port to listen on; 0: any that is free (default: 7357, or the next free one)', port)
    .option('--host <address>', 'address to listen on; beyond this machine a token is asked for', '127.0.0.1')
    .option('--open', 'open the page in a browser (default: where there is a desktop)')
    .option('--no-open', 'only print the address')
    .action(async (flags) => {
      const { ui } = await import('../commands/ui.ts');
      process.exitCode = await ui(flags);
    });
  nas
    .command('report')
    .description('a study as one page to pass on, its charts as SVG and PNG, and a summary in Markdown')
    .option('--out <file>', 'the page; charts and summary go beside it', 'report.html')
    .addOption(studyOption())
    .addOption(dbOption())
    .addOption(jsonOption())
    .action(async (flags) => (await import('../commands/report.ts')).report(flags));
}

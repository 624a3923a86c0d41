import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { pick } from '../../core/errors.ts';
import { guidesFolder } from '../folders.ts';
import { print } from '../output.ts';
import { table } from '../table.ts';
import { wrapped } from '../wrap.ts';

/** In the order in which one meets them; each is a Markdown file beside the command line. */
export const guides = [
  { name: 'quick-start', summary: 'from nothing to a shipped model, in minutes' },
  { name: 'your-space', summary: 'your network, your data, what may be done to which layer' },
  { name: 'reading-the-front', summary: 'which model to take, and whether to believe it' },
  { name: 'shipping', summary: 'ONNX, phones, browsers, TensorFlow.js, C; certificates; data for other tools' },
  { name: 'on-a-device', summary: 'models timed on the machine where they will run' },
  { name: 'resuming', summary: 'stopping, going on, steering from another terminal, other seeds' },
  { name: 'speed', summary: 'more models in less time' },
  { name: 'own-controller', summary: 'a file of yours decides what to try next' },
] as const;

/** `nas guide [topic]`: one of the guides, or which there are. */
export function guide(topic: string | undefined): void {
  if (topic !== undefined) {
    const text = readFileSync(join(guidesFolder, `${pick('guide', guides, topic).name}.md`), 'utf8').trimEnd();
    print(process.stdout.isTTY ? styled(text) : text);
    return;
  }
  const columns = [
    { title: 'guide', cell: ({ name }: (typeof guides)[number]) => name },
    { title: 'about', cell: ({ summary }: (typeof guides)[number]) => summary, wraps: true },
  ];
  print([table(guides, columns), '', 'Read one: nas guide quick-start'].join('\n'));
}

/** For a terminal: text wraps, headings and commands stand out; the fences around them are for other readers. */
function styled(markdown: string): string {
  let code = false;
  return markdown
    .split('\n')
    .flatMap((line) => {
      if (line.startsWith('```')) {
        code = !code;
        return [];
      }
      if (code) return [`    ${styleText('cyan', line)}`];
      return [line.startsWith('#') ? styleText('bold', line.replace(/^#+ /, '')) : prose(line)];
    })
    .join('\n');
}

/** A paragraph, or an item of a list with its lines below its first word. */
function prose(line: string): string {
  const [, mark = '', text = ''] = /^(\s*(?:[-*] |\d+\. )?)(.*)$/.exec(line)!;
  return wrapped(text, ' '.repeat(mark.length), mark);
}

import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { NasError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import { counted } from '../../core/words.ts';
import { cannotWrite, writeWhole } from '../../export/written.ts';
import type { AnalysedStudy, ChartInput } from '../../report/charts/chart.ts';
import { charts } from '../../report/charts/index.ts';
import { lightLook } from '../../report/charts/look.ts';
import { axesFor, firstLook } from '../../report/charts/view.ts';
import { drawChart } from '../../report/draw.ts';
import { savePicture } from '../../report/save.ts';
import { analysePicture, importancesFor, isMeasured } from '../../report/study/analysis.ts';
import type { LiveStudy } from '../../report/study/live-study.ts';
import type { TrialDetails } from '../../report/study/picture.ts';
import { suggestionsFor } from '../../report/study/suggestions.ts';
import { markdownSummary } from '../../report/summary.ts';
import { pageAssets } from '../../ui/assets.ts';
import { fileDocument } from '../../ui/document.ts';
import { Library } from '../../ui/library.ts';
import type { StudyOptions } from '../options.ts';
import { print, printJson } from '../output.ts';
import { withStudy } from '../study-facts.ts';
import { detailsOf, headOf } from '../study-picture.ts';

interface ReportFlags extends StudyOptions {
  readonly out: string;
  readonly json?: boolean;
}

/** Pixels of the pictures. */
const width = 880;
/** Trials with all their details in the file; of larger studies, those of the front. */
const mostDetailed = 300;

/** `nas report`: the page as one file, every chart as SVG and PNG, and a summary in Markdown. */
export async function report(flags: ReportFlags): Promise<void> {
  const { db, out } = flags;
  if (!out.endsWith('.html'))
    throw new NasError('REPORT_NAME', `--out ${out}: expected the name of a page, such as report.html.`, { facts: { out } });
  const name = withStudy(flags, (_, record) => record.name);
  const live = new Library({ db, headOf: (record) => headOf(record, db) }).study(name);
  const input = inputOf(live);
  const stem = out.slice(0, -'.html'.length);
  const folder = `${stem}-charts`;
  await makeFolder(dirname(out));
  const page = fileDocument(`${name} · Espalier`, dataOf(live, input), await pageAssets());
  await writeWhole(out, (file) => writeFile(file, page));
  const pictures = await drawPictures(input, folder);
  const linked = pictures.map(({ chart, file }) => ({ chart, path: `${basename(folder)}/${basename(file)}` }));
  const summary = markdownSummary(input, { pictures: linked });
  await writeWhole(`${stem}.md`, (file) => writeFile(file, summary));
  const files = { page: out, summary: `${stem}.md`, pictures: pictures.map(({ file }) => file) };
  if (flags.json) printJson({ study: name, ...files });
  else
    print(
      [
        `${out}  the page, with everything in it`,
        `${stem}.md  a summary for a pull request`,
        `${folder}/  ${counted(pictures.length, 'chart')} as SVG and PNG`,
      ].join('\n'),
    );
}

/** Throws NasError REPORT_NOTHING where no trial has ended. */
function inputOf(live: LiveStudy): ChartInput {
  const picture = live.picture();
  const { head, rows } = picture;
  if (!rows.some((row) => isMeasured(row) || row.state === 'failed')) {
    throw new NasError(
      'REPORT_NOTHING',
      `no trial of study "${head.name}" has ended yet: there is nothing to report. nas ui follows it while it runs.`,
      {
        facts: { study: head.name },
      },
    );
  }
  const study: AnalysedStudy = { picture, analysis: analysePicture(picture) };
  const axes = axesFor(head);
  const selected = suggestionsFor(head, study.analysis)[0]?.trial.number;
  return {
    study,
    others: [],
    view: { ...firstLook, ...axes, selected },
    look: lightLook,
    details: detailsFor(live, study),
    running: new Map(),
    importances: new Map([[axes.metric, importancesFor(picture, axes.metric)]]),
    kept: undefined,
    width,
    height: 0,
  };
}

function detailsFor({ view }: LiveStudy, { picture, analysis }: AnalysedStudy): ReadonlyMap<number, TrialDetails> {
  const front = analysis.front.map(({ number }) => number);
  const numbers = picture.rows.length <= mostDetailed ? picture.rows.map(({ number }) => number) : [...new Set([0, ...front])];
  return new Map(
    numbers.flatMap((number) => {
      const details = detailsOf(view, number);
      return details ? [[number, details] as const] : [];
    }),
  );
}

/** What the page's file source reads. */
const dataOf = (live: LiveStudy, { details }: ChartInput): Json =>
  ({
    studies: [{ head: live.head, change: { ...live.changesSince(-1), live: false }, details: [...details.values()] }],
    madeAt: Date.now(),
  }) as unknown as Json;

async function drawPictures(input: ChartInput, folder: string) {
  await makeFolder(folder);
  const drawn = charts.flatMap((chart) => {
    const svg = drawChart(chart, input);
    return svg === undefined ? [] : [{ chart, svg, file: join(folder, `${chart.name}.svg`) }];
  });
  for (const { svg, file } of drawn) {
    for (const name of [file, file.replace(/\.svg$/, '.png')]) await writeWhole(name, (temporary) => savePicture(svg, temporary));
  }
  return drawn;
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw cannotWrite(folder, error);
  }
}

import type { Candidate, Plan } from '../../core/candidate.ts';
import type { Knob, TechniqueInfo } from '../../core/catalog.ts';
import type { NetworkInfo } from '../budget.ts';
import { glyphOf, numbersOf } from '../layer-strips.ts';
import { fitted } from './hypervolume.tsx';
import { Panel, type Row, run, type Size } from './panel.tsx';

/** A member of the front, by what it does to the network. */
interface FrontMember {
  readonly candidate: Candidate;
}

interface LayersProps extends Size {
  readonly rows: readonly Row[];
  readonly members: number;
  readonly scroll: number;
}

/** Which technique at which strength the front uses, layer by layer. */
export function LayersPanel({ rows, members, scroll, width, height }: LayersProps) {
  const facts = members === 0 ? [] : [run(`  of the ${members} on the front, the most accurate left`, 'dim')];
  const [head, ...lines] = rows;
  const shown = head ? [head, ...lines.slice(scroll)] : [[run('  nothing is on the front yet', 'dim')]];
  return <Panel title="layers" facts={facts} rows={shown} width={width} height={height} />;
}

interface TechniqueColumn {
  readonly technique: TechniqueInfo;
  /** The knob that says how strong: the first one with numbers. */
  readonly knob: readonly [name: string, knob: Knob] | undefined;
  readonly width: number;
}

/** Title row, then a row per layer: for each technique how many members use it, and one glyph for each member. */
export function layerRows(members: readonly FrontMember[], network: NetworkInfo, width: number): Row[] {
  if (members.length === 0) return [];
  const plans = members.map(({ candidate }) => network.planOf(candidate));
  const used = network.catalog.techniques.filter(({ name }) => plans.some((plan) => plan.techniques[name]));
  const names = Math.min(24, Math.max(5, ...network.catalog.layers.map((layer) => layer.length))) + 2;
  const columns = columnsOf(used, width - names - 1, members.length);
  const head = [run(` ${'layer'.padEnd(names)}`, 'dim'), ...columns.map((column) => run(titleOf(column), 'dim'))];
  return [
    head,
    ...network.catalog.layers.map((layer) => [
      run(` ${layer.slice(0, names - 1).padEnd(names)}`),
      ...columns.flatMap((column) => cellsOf(layer, column, plans)),
    ]),
  ];
}

const countWidth = 6;

/** As many techniques as fit, each with room for a strip of 6 members at least. */
function columnsOf(techniques: readonly TechniqueInfo[], room: number, members: number): TechniqueColumn[] {
  const fitting = Math.max(1, Math.floor(room / (countWidth + 12)));
  const shown = techniques.slice(0, fitting);
  const width = Math.min(countWidth + Math.max(10, members) + 2, Math.floor(room / Math.max(1, shown.length)));
  return shown.map((technique) => ({
    technique,
    knob: Object.entries(technique.knobs).find(([, knob]) => numbersOf(knob).length > 0),
    width,
  }));
}

const titleOf = ({ technique, knob, width }: TechniqueColumn) =>
  `${technique.name}${knob ? ` ${knob[0]}` : ''}`.slice(0, width - 1).padEnd(width);

function cellsOf(layer: string, { technique, knob, width }: TechniqueColumn, plans: readonly Plan[]): Row {
  const site = technique.sites.find(({ layers }) => layers.includes(layer));
  if (!site) return [run(' '.repeat(width))];
  const settings = plans.map((plan) => plan.techniques[technique.name]?.[site.name]);
  const count = settings.filter(Boolean).length;
  const glyphs = settings.map((setting) => (setting ? (knob ? glyphOf(knob[1], setting[knob[0]]) : '█') : '·'));
  const strip = fitted(glyphs, width - countWidth - 2).join('');
  return [
    run(
      count === 0
        ? ' '.repeat(countWidth)
        : `${Math.round((100 * count) / plans.length)} %`.padStart(countWidth - 1).padEnd(countWidth),
      'dim',
    ),
    run(strip, count === 0 ? 'dim' : 'accent'),
    run(' '.repeat(Math.max(0, width - countWidth - strip.length))),
  ];
}

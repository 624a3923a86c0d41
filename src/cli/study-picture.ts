import { basename } from 'node:path';
import type { Plan, Value } from '../core/candidate.ts';
import { metricNamed } from '../core/catalog.ts';
import type { Json } from '../core/json.ts';
import type { StudyRecord } from '../core/store.ts';
import { measuredTrial } from '../core/trial.ts';
import { describe } from '../dashboard/layer-strips.ts';
import { matchable, techniqueInfos } from '../network/compress/catalog.ts';
import { type LayerCosts, layerCosts } from '../network/compress/layer-costs.ts';
import { describeSetup } from '../network/engine/choice.ts';
import type { Graph } from '../network/ir/graph.ts';
import { withoutValues } from '../network/ir/zeros.ts';
import { metricInfos } from '../network/metrics/index.ts';
import { buildModel, type ModelSpec } from '../network/models/index.ts';
import type { CurvePoint, LayerCost, ParameterHead, StudyHead, TrialDetails } from '../report/study/picture.ts';
import { levels } from '../search/space/domain.ts';
import type { Parameter, Space } from '../search/space/space.ts';
import type { StudyView } from '../store/index.ts';
import type { PreparedFacts } from '../trial/prepare.ts';
import { aidLines } from './aid-lines.ts';
import { countFramed } from './analyse.ts';
import { preparedOf, type RecordedRecall } from './classes.ts';
import { structureOf } from './compose.ts';
import { meaningOf } from './meaning.ts';
import { studyWords } from './shell.ts';
import { engineOf, factsOf } from './study-facts.ts';

/** What pages and reports know of a study from the start. `db`: for the commands that they show. */
export function headOf(record: StudyRecord, db: string): StudyHead {
  const { goal, space, sections, metrics, versions, start } = factsOf(record);
  const model = sections.model as unknown as ModelSpec;
  return {
    name: record.name,
    createdAt: record.createdAt,
    seed: record.seed,
    controller: record.controller,
    spaceFile: basename(record.space.file),
    goal,
    metrics: metrics.flatMap((name) => metricNamed(metricInfos, name) ?? []),
    parameters: space.parameters.map(parameterHead),
    layers: matchable(structureOf(model)),
    ...(start ? { framed: countFramed(start.trials) } : {}),
    facts: [
      ['network', labelOf(sections.model as Json)],
      ['data', labelOf(sections.data as Json)],
      ['controller', record.controller],
      ['seed', record.seed],
      ['trained by', describeSetup(engineOf(record))],
      [
        'versions',
        `espalier ${versions.espalier}, onnxruntime ${versions.onnxruntime}, Node.js ${versions.node}, ${versions.platform}`,
      ],
    ],
    exportCommand: `nas export ${studyWords(db, record.name)}`,
  };
}

function parameterHead({ name, domain, target }: Parameter): ParameterHead {
  const values = levels(domain);
  const where = target.kind === 'recipe' ? { technique: 'trial', site: '', knob: target.key } : target;
  const [low, high] = domain.kind === 'range' ? [domain.min, domain.max] : [0, domain.values.length - 1];
  const { technique, site, knob } = where;
  return { name, technique, site, knob, ...(values ? { levels: values } : {}), low, high };
}

/** `resnet, depth 8, widths 16 32 64`. */
function labelOf(section: Json): string {
  const entries = Object.entries(section as { readonly [key: string]: Json });
  return entries.map(([key, value]) => (key === 'family' || key === 'name' ? plain(value) : `${key} ${plain(value)}`)).join(', ');
}

const plain = (value: Json): string =>
  Array.isArray(value) ? value.map(plain).join(' ') : typeof value === 'object' ? JSON.stringify(value) : String(value);

interface RecordedDetails extends RecordedRecall {
  readonly curve?: readonly { readonly epoch: number; readonly loss: number; readonly trainAccuracy: number }[];
  readonly latency?: { readonly lowMs: number; readonly highMs: number };
}

/** What a person sees of a trial that they choose; undefined where the study has no such trial. */
export function detailsOf({ record, trials, sessions }: StudyView, number: number): TrialDetails | undefined {
  const trial = trials[number];
  if (!trial) return undefined;
  const { space, sections } = factsOf(record);
  const plan = meaningOf(space).plan(trial.candidate);
  const measured = measuredTrial(trial);
  const { curve = [], latency, validation } = (measured?.details ?? {}) as RecordedDetails;
  const prepared = preparedOf({ sessions });
  const classes = prepared?.data.classes ?? [];
  const recipe = number === 0 ? sections.baseline : { ...(sections.trial as object), ...plan.recipe };
  const trained = measured?.rung?.epochs ?? (recipe as { readonly epochs: number }).epochs;
  return {
    number,
    plan,
    layers: prepared ? layersOfTrial(sections.model as unknown as ModelSpec, prepared, plan, searchedKnobs(space)) : [],
    curve: curve.map(({ epoch, loss, trainAccuracy }, i): CurvePoint => {
      // The last epoch may have been a part of one.
      const part = i === curve.length - 1 && epoch - 1 < trained && trained < epoch;
      return { epoch: part ? trained : epoch, loss, accuracy: trainAccuracy };
    }),
    latencyMs: latency ? [latency.lowMs, latency.highMs] : null,
    recall: (validation?.perClass ?? []).map(({ recall }, i) => [classes[i] ?? `class ${i}`, recall]),
    sha256: measured?.artefact?.sha256 ?? null,
    remarks: [...(measured?.notes ?? []), ...aidLines(measured?.details)],
  };
}

function layersOfTrial(model: ModelSpec, { data }: PreparedFacts, plan: Plan, searched: ReadonlySet<string>): LayerCost[] {
  const dense = denseOf(model, data);
  const before = layerCosts(dense, { recipe: {}, techniques: {} })!;
  const after = layerCosts(dense, plan);
  if (!after) return [];
  const now = new Map(after.map((cost) => [cost.layer, cost]));
  const choices = choicesByLayer(dense, plan, searched);
  return before.map(({ layer, macs, params }: LayerCosts) => ({
    layer,
    macs: now.get(layer)?.macs ?? 0,
    params: now.get(layer)?.params ?? 0,
    denseMacs: macs,
    denseParams: params,
    choices: choices.get(layer) ?? '',
  }));
}

const denseGraphs = new Map<string, Graph>();

function denseOf(model: ModelSpec, data: PreparedFacts['data']): Graph {
  const key = JSON.stringify([model, data.shape, data.classes.length]);
  const known = denseGraphs.get(key);
  if (known) return known;
  const target = { shape: data.shape, classes: data.classes.length, batch: 1 };
  const graph = withoutValues(buildModel(model, target));
  denseGraphs.set(key, graph);
  return graph;
}

/** `prune keep`: the knobs that a space leaves open, by technique. */
const searchedKnobs = ({ parameters }: Space): ReadonlySet<string> =>
  new Set(parameters.flatMap(({ target }) => (target.kind === 'technique' ? [`${target.technique} ${target.knob}`] : [])));

/** What differs between trials; of a technique without an open knob, all its settings. */
function choicesByLayer(dense: Graph, { techniques }: Plan, searched: ReadonlySet<string>): Map<string, string> {
  const texts = new Map<string, string[]>();
  const sites = new Map(techniqueInfos(dense).map(({ name, sites }) => [name, sites]));
  for (const [technique, settings] of Object.entries(techniques)) {
    for (const [site, values] of Object.entries(settings as Record<string, Readonly<Record<string, Value>>>)) {
      const layers = sites.get(technique)?.find(({ name }) => name === site)?.layers ?? [site];
      for (const layer of layers)
        texts.set(layer, [...(texts.get(layer) ?? []), `${technique} ${describe(openOf(technique, values, searched))}`]);
    }
  }
  return new Map([...texts].map(([layer, all]) => [layer, all.join('; ')]));
}

function openOf(
  technique: string,
  values: Readonly<Record<string, Value>>,
  searched: ReadonlySet<string>,
): Readonly<Record<string, Value>> {
  const open = Object.entries(values).filter(([knob]) => searched.has(`${technique} ${knob}`));
  return open.length > 0 ? Object.fromEntries(open) : values;
}

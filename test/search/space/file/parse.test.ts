import { describe, expect, it } from 'vitest';
import { countCandidates } from '../../../../src/search/space/count.ts';
import { parseSpace } from '../../../../src/search/space/file/parse.ts';
import { parseTarget } from '../../../../src/search/space/file/search.ts';
import type { Domain } from '../../../../src/search/space/space.ts';
import { catalog, options, parse, spaceText } from '../fixture.ts';

const layers = (rules: string) => parse(spaceText({ layers: `layers:\n${rules}` })).space;
const names = (rules: string) => layers(rules).parameters.map(({ name }) => name);
const numbers = (...values: number[]): Domain => ({ kind: 'choice', values, ordered: true });

describe('parseSpace', () => {
  it('fills in the defaults of the sections', () => {
    const file = parse(spaceText({ search: 'search: { trials: 10, seed: 7, time: 15 min, controller: random, workers: 2 }' }));
    expect(file).toMatchObject({
      name: 'test',
      file: 'test.yaml',
      model: { family: 'resnet', depth: 8, widths: [16, 32] },
      data: { name: 'fashion-mnist', validation: 5000 },
      baseline: { epochs: 2, learningRate: 0.1, augment: { crop: 0 } },
      trial: { epochs: 0.5, optimizer: 'sgd' },
      search: { trials: 10, seed: '7', time: 900, controller: 'random', workers: 2 },
    });
    expect(file.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('needs no more than model, data, objectives and something to search', () => {
    const file = parse(
      'model: { family: plain, layers: 1 }\ndata: { name: cifar-10 }\nobjectives: [size]\ntrial: { epochs: [1, 2] }',
    );
    expect(file).toMatchObject({ baseline: { epochs: 3 }, search: {}, goal: { constraints: [] } });
    expect(countCandidates(file.space)).toBe(2n);
  });

  it('takes keys without content as absent', () => {
    const file = parse(
      spaceText({ baseline: 'baseline:', constraints: 'constraints:\n  # - accuracy >= 0.9', search: 'search:' }),
    );
    expect(file).toMatchObject({ baseline: { epochs: 3 }, goal: { constraints: [] }, search: {} });
  });

  it('names the study after its file where it has no name', () => {
    const named = (name: string) => parseSpace(spaceText(), name, options).name;
    expect(['a/b/my net.yaml', 'x.YML', '../über.yaml', '.yaml'].map(named)).toEqual(['my-net', 'x', 'ber', 'study']);
    expect(parse(`name: other\n${spaceText()}`).name).toBe('other');
  });

  it('reads aliases', () => {
    const { baseline, trial } = parse(spaceText({ baseline: 'baseline: &train { epochs: 4 }', trial: 'trial: *train' }));
    expect(trial).toEqual(baseline);
  });

  it('hashes what the file means, not how it is written', () => {
    const hash = (text: string) => parse(text).hash;
    const plain = hash(spaceText());
    expect(hash(`# a comment\n${spaceText({ search: 'search: { trials: 99 }', baseline: 'baseline:\n  epochs: 2.0' })}`)).toBe(
      plain,
    );
    expect(hash(spaceText({ layers: 'layers: [{ match: ["*"], prune: { keep: [1, 0.5], importance: l1 } }]' }))).toBe(plain);
    const changed = [
      spaceText({ baseline: 'baseline: { epochs: 3 }' }),
      spaceText({ constraints: 'constraints: ["accuracy >= 0.86"]' }),
      spaceText({ objectives: 'objectives: [accuracy]' }),
      spaceText({ layers: 'layers: [{ match: "*", prune: { keep: [0.4, 1] } }]' }),
    ].map(hash);
    expect(new Set([plain, ...changed]).size).toBe(5);
  });
});

describe('trial', () => {
  const trial = (text: string) => parse(spaceText({ trial: `trial: ${text}`, layers: '' }));

  it('makes lists and ranges parameters, in the order of the catalog', () => {
    const file = trial('{ learningRate: { min: 0.001, max: 0.1, log: true }, optimizer: [adamw, sgd], epochs: [1, 0.5] }');
    expect(file.space.parameters).toEqual([
      { name: 'trial.epochs', domain: numbers(0.5, 1), target: { kind: 'recipe', key: 'epochs' } },
      {
        name: 'trial.learningRate',
        domain: { kind: 'range', min: 0.001, max: 0.1, log: true },
        target: { kind: 'recipe', key: 'learningRate' },
      },
      {
        name: 'trial.optimizer',
        domain: { kind: 'choice', values: ['adamw', 'sgd'], ordered: false },
        target: { kind: 'recipe', key: 'optimizer' },
      },
    ]);
    expect(file.trial).toMatchObject({ epochs: 1, learningRate: 0.001, optimizer: 'adamw' });
  });

  it('leaves lists alone that the recipe takes as they are', () => {
    const file = trial('{ epochs: [1, 2], milestones: [1, 2] }');
    expect(file.trial).toMatchObject({ epochs: 1, milestones: [1, 2] });
    expect(file.space.parameters).toHaveLength(1);
  });

  it('takes a list of one value as the value', () => {
    const file = trial('{ epochs: [4], learningRate: [0.1, 0.2] }');
    expect(file.trial).toMatchObject({ epochs: 4 });
    expect(file.space.parameters.map(({ name }) => name)).toEqual(['trial.learningRate']);
  });
});

describe('goal', () => {
  it('takes directions from the map, or from the metrics', () => {
    const objectives = (text: string) => parse(spaceText({ objectives: `objectives: ${text}` })).goal.objectives;
    const expected = [
      { metric: 'latencyMs', direction: 'minimize' },
      { metric: 'accuracy', direction: 'maximize' },
    ];
    expect(objectives('{ latencyMs: minimize, accuracy: maximize }')).toEqual(expected);
    expect(objectives('[latencyMs, accuracy]')).toEqual(expected);
    expect(objectives('{ macs: maximize }')).toEqual([{ metric: 'macs', direction: 'maximize' }]);
    const recall = [{ metric: 'recall(Ankle boot)', direction: 'maximize' }];
    expect(objectives('{ recall( Ankle boot ): maximize }')).toEqual(recall);
    expect(objectives('[recall(Ankle boot)]')).toEqual(recall);
  });

  it.each([
    ['accuracy >= 0.85', 'accuracy', '>=', 0.85],
    ['accuracy >= 85 %', 'accuracy', '>=', 0.85],
    ['accuracy>=85%', 'accuracy', '>=', 0.85],
    ['size <= 200kB', 'size', '<=', 200_000],
    ['  size  <=  1.5 MB  ', 'size', '<=', 1_500_000],
    ['size <= 64 KiB', 'size', '<=', 65_536],
    ['size <= 2e5', 'size', '<=', 200_000],
    ['latencyMs <= 2 ms', 'latencyMs', '<=', 2],
    ['latencyMs <= 350us', 'latencyMs', '<=', 0.35],
    ['latencyMs <= 0.5 s', 'latencyMs', '<=', 500],
    ['latencyRatio <= .5 x', 'latencyRatio', '<=', 0.5],
    ['macs <= 12.5M', 'macs', '<=', 12_500_000],
    ['recall(Ankle boot) >= 95 %', 'recall(Ankle boot)', '>=', 0.95],
    ['nodes( If ) <= 0', 'nodes(If)', '<=', 0],
    ['recall( a, b (>= 2) )>=.5', 'recall(a, b (>= 2))', '>=', 0.5],
  ])('reads the constraint %s', (text, metric, op, bound) => {
    expect(parse(spaceText({ constraints: `constraints: ["${text}"]` })).goal.constraints).toEqual([{ metric, op, bound }]);
  });

  it('allows bounds on both sides, and a bound that only one value meets', () => {
    const { constraints } = parse(spaceText({ constraints: 'constraints: [size >= 10kB, size <= 20kB, size <= 10kB]' })).goal;
    expect(constraints).toHaveLength(3);
  });
});

describe('parseTarget', () => {
  it('takes commas within the name of a class as a part of it', () => {
    expect(parseTarget('recall(boots, high) >= 90 %, size <= 20kB', '--target', catalog.metrics)).toEqual([
      { metric: 'recall(boots, high)', op: '>=', bound: 0.9 },
      { metric: 'size', op: '<=', bound: 20_000 },
    ]);
  });
});

describe('layers', () => {
  it('makes one parameter per site and searched knob, in the order of the layers', () => {
    expect(names('  - match: "*"\n    quantize: { bits: [8, 32] }\n    prune: { keep: [0.5, 1], importance: [l1, l2] }')).toEqual(
      [
        'stem/prune.keep',
        'stem/prune.importance',
        'stem/quantize.bits',
        'stage1.block1.conv1/prune.keep',
        'stage1.block1.conv1/prune.importance',
        'stage1.block1.conv1/quantize.bits',
        'stage1.block1.conv2/quantize.bits',
        'stage2.block1.conv1/prune.keep',
        'stage2.block1.conv1/prune.importance',
        'stage2.block1.conv1/quantize.bits',
        'stage2.block1.conv2/quantize.bits',
        'dense/quantize.bits',
      ],
    );
  });

  it('gives parameters their domain, off value and default', () => {
    const { parameters, fixed } = layers(
      '  - match: stem\n    prune: { keep: { min: 0.2, max: 1, step: 0.2 }, multiple: [4, 1] }',
    );
    const target = { kind: 'technique', technique: 'prune', site: 'stem' } as const;
    expect(parameters).toEqual([
      {
        name: 'stem/prune.keep',
        domain: { kind: 'range', min: 0.2, max: 1, step: 0.2 },
        target: { ...target, knob: 'keep' },
        off: 1,
        default: 1,
      },
      { name: 'stem/prune.multiple', domain: numbers(1, 4), target: { ...target, knob: 'multiple' }, default: 1 },
    ]);
    expect(fixed).toEqual({ recipe: {}, techniques: { prune: { stem: { importance: 'l1' } } } });
  });

  it('keeps the type of whole and of yes-or-no knobs', () => {
    const { parameters } = layers(
      '  - match: stem\n    prune: { keep: 0.5, multiple: { min: 1, max: 8 } }\n    quantize: { bits: 8, symmetric: [true, false] }',
    );
    expect(parameters.map(({ domain }) => domain)).toEqual([
      { kind: 'range', min: 1, max: 8, integer: true },
      { kind: 'choice', values: [true, false], ordered: false },
    ]);
  });

  it('lets later rules override earlier ones, knob by knob', () => {
    const { parameters, fixed } = layers(
      '  - match: "*"\n    prune: { keep: [0.5, 1], importance: l2 }\n  - match: stage1*\n    prune: { keep: [0.25, 1] }\n  - match: stage1*\n    prune: { keep: 0.75 }',
    );
    expect(parameters.map(({ name, domain }) => [name, domain])).toEqual([['stage2.block1.conv1/prune.keep', numbers(0.5, 1)]]);
    expect(fixed.techniques['prune']).toEqual({
      stem: { keep: 0.75, importance: 'l2', multiple: 1 },
      'stage1.block1.conv1': { keep: 0.75, importance: 'l2', multiple: 1 },
      'stage2.block1.conv1': { importance: 'l2', multiple: 1 },
    });
  });

  it('selects a site through any of its layers', () => {
    expect(names('  - match: stage1.block1.conv2\n    prune: { keep: [0.5, 1] }')).toEqual(['stem/prune.keep']);
  });

  it('takes off or false for a site of which one layer is off, whatever other layers of it are told', () => {
    const both = '  - match: "*"\n    prune: { keep: [0.5, 1] }\n';
    const rest = ['stage1.block1.conv1/prune.keep', 'stage2.block1.conv1/prune.keep'];
    expect(names(`${both}  - match: stem\n    prune: off`)).toEqual(rest);
    expect(names(`${both}  - match: stage1.block1.conv2\n    prune: false`)).toEqual(rest);
    expect(
      names(`${both}  - match: stem\n    prune: off\n  - match: stage1.block1.conv2\n    prune: { keep: [0.1, 1] }`),
    ).toEqual(rest);
  });

  it('turns a layer on again by a later rule', () => {
    const rules = '  - match: "*"\n    prune: off\n  - match: [stem, "stage1.*"]\n    prune: { keep: [0.5, 1] }';
    expect(names(rules)).toEqual(['stem/prune.keep', 'stage1.block1.conv1/prune.keep']);
  });

  it('switches a technique off without touching the others', () => {
    const rules =
      '  - match: "*"\n    prune: { keep: [0.5, 1] }\n    quantize: { bits: [8, 32] }\n  - match: stem\n    prune: off';
    expect(names(rules)).toContain('stem/quantize.bits');
    expect(names(rules)).not.toContain('stem/prune.keep');
  });

  it('leaves sites alone whose fixed knob stands at off, or whose off knob nobody set', () => {
    const { parameters, fixed } = layers(
      '  - match: "*"\n    prune: { keep: [0.5, 1] }\n    quantize: { symmetric: [true, false] }\n  - match: stem\n    prune: { keep: 1 }\n    quantize: { bits: 4 }',
    );
    expect(parameters.map(({ name }) => name)).toEqual([
      'stem/quantize.symmetric',
      'stage1.block1.conv1/prune.keep',
      'stage2.block1.conv1/prune.keep',
    ]);
    expect(Object.keys(fixed.techniques['prune']!)).toEqual(['stage1.block1.conv1', 'stage2.block1.conv1']);
    expect(fixed.techniques['quantize']).toEqual({ stem: { bits: 4 } });
  });

  it('allows off where a technique has no site anyway', () => {
    expect(names('  - match: "*"\n    prune: { keep: [0.5, 1] }\n  - match: dense\n    prune: off')).toHaveLength(3);
  });
});

import assert from 'node:assert/strict'
import test from 'node:test'
import { UserError } from '../../src/base/error.js'
import { classifiers } from '../../src/networks/networks.js'
import { checkPreset } from '../../src/study/presets/check-preset.js'
import { instability } from '../../src/study/presets/instability.js'
import type {
  Comparison,
  Contestant,
  FootprintPlan,
  InstabilityMatrix,
  InstabilityPlan,
  Model,
  Preset,
  StudyRecipe,
} from '../../src/study/presets/preset.js'
import { presets } from '../../src/study/presets/presets.js'
import { quick } from '../../src/study/presets/quick.js'
import type { EnsembleMember, Role } from '../../src/study/result.js'

const everyNetwork = classifiers.map(({ id }) => id).join(', ')

const model = (network: string, more: Partial<Model> = {}): Model => ({
  network,
  size: 107,
  width: 0.25,
  normScale: true,
  ...more,
})
const contestant = (role: Role, network: string, more: Partial<Model> = {}): Contestant => ({
  role,
  model: model(network, more),
})
const four: readonly Contestant[] = [
  contestant('smaller', 'inception-v3'),
  contestant('smaller', 'inception-resnet-v1'),
  contestant('larger', 'inception-v4'),
  contestant('larger', 'inception-resnet-v2'),
]
const member = (network: string, seed = 1): EnsembleMember => ({ network, seed })
const both = [member('inception-v4'), member('inception-v3')]

const comparing = (more: Partial<Comparison>): Preset => ({
  ...quick,
  comparison: { ...quick.comparison, contestants: four, ensembles: [], ...more },
})
const trained = (recipe: Partial<StudyRecipe>) => comparing({ recipe: { ...quick.comparison.recipe, ...recipe } })
const unstable = (more: Partial<InstabilityMatrix>): Preset => ({ ...quick, instability: { ...instability, ...more } })
const setting = (more: Partial<InstabilityPlan>): Preset =>
  unstable({ settings: [{ id: 'scale-1', title: 'scale 1', residualScale: 1, ...more }] })
const measured = (more: Partial<FootprintPlan>): Preset => ({
  ...quick,
  footprint: { networks: ['inception-v4'], withSumNorms: [], batch: 1, steps: 1, ...more },
})
const drawn = (more: Partial<NonNullable<Preset['synth']>>): Preset => ({
  ...quick,
  synth: { ...quick.synth!, ...more },
})

test('the built-in presets are free of contradictions', () => {
  for (const [name, preset] of Object.entries(presets)) assert.deepEqual(checkPreset(preset, name), preset)
})

test('what only looks like a contradiction is none', () => {
  const sound: readonly Preset[] = [
    comparing({ crops: [] }),
    comparing({ ensembles: [{ members: both, crops: '1' }], crops: [{ name: '144', images: 3 }] }),
    comparing({ ensembles: [{ members: both, crops: '144' }], crops: [{ name: '144', images: 3 }] }),
    comparing({
      ensembles: [
        { members: both, crops: '1' },
        { members: both, crops: '12' },
      ],
    }),
    // Comparators are in no pair.
    comparing({
      contestants: [
        ...four,
        contestant('comparator', 'bn-inception'),
        contestant('comparator', 'resnet-152'),
        contestant('comparator', 'inception-resnet-v2-slim'),
      ],
    }),
    // A contestant's own seeds.
    comparing({
      contestants: [{ ...four[0]!, seeds: [5, 6] }],
      ensembles: [{ members: [member('inception-v3', 5), member('inception-v3', 6)], crops: '1' }],
    }),
    trained({ batch: 4000, auxiliary: 0 }),
    drawn({ size: 16 }),
    unstable({ steps: 20, watchSteps: 20 }),
    measured({ withSumNorms: [] }),
  ]
  for (const preset of sound) assert.deepEqual(checkPreset(preset, 'x'), preset)
  const { synth: _, ...own } = trained({ batch: 1_000_000 })
  assert.deepEqual(checkPreset(own, 'x'), own)
})

const twice = 'is there twice'
const contradictions: Readonly<Record<string, readonly (readonly [preset: Preset, message: string])[]>> = {
  'networks of the comparison': [
    [comparing({ contestants: [] }), 'comparison.contestants: must have 1 or more items, and has 0'],
    [
      comparing({ contestants: [...four, contestant('comparator', 'inception-v3')] }),
      `comparison.contestants[4]: inception-v3 ${twice}, and a study compares each network with others: leave one out`,
    ],
    [
      comparing({ contestants: [...four, contestant('larger', 'bn-inception')] }),
      'comparison.contestants[4]: there is another pure larger network, and a pair has one of each kind: give another role, such as "comparator"',
    ],
    [
      comparing({ contestants: [...four, contestant('smaller', 'resnet-152')] }),
      'comparison.contestants[4]: there is another residual smaller network, and a pair has one of each kind: give another role, such as "comparator"',
    ],
  ],
  models: [
    [
      comparing({ contestants: [contestant('larger', 'inception-v5')] }),
      `comparison.contestants[0].model.network: unknown network 'inception-v5': did you mean 'inception-v3'? There are: ${everyNetwork}`,
    ],
    [
      comparing({ contestants: [contestant('larger', 'inception-v4', { size: 74 })] }),
      'comparison.contestants[0].model: inception-v4 does not fit images of 74×74: the least size is 75',
    ],
    [
      comparing({ contestants: [contestant('larger', 'inception-v4', { blocks: { stem: 2 } })] }),
      "comparison.contestants[0].model: unknown block of inception-v4 'stem': There are: a, b, c",
    ],
    [
      comparing({ contestants: [contestant('larger', 'inception-v4', { blocks: { a: 0 } })] }),
      'comparison.contestants[0].model.blocks.a: must be a whole number of at least 1 and at most 1000, not 0',
    ],
    [
      comparing({ contestants: [contestant('larger', 'inception-v4', { residualScale: 0.1 })] }),
      'comparison.contestants[0].model.residualScale: inception-v4 has no residual connections that it could change: leave it out',
    ],
    [
      comparing({ contestants: [contestant('larger', 'resnet-152', { extraNorm: 'sums' })] }),
      'comparison.contestants[0].model.extraNorm: resnet-152 has no residual connections that it could change: leave it out',
    ],
  ],
  seeds: [
    [comparing({ seeds: [] }), 'comparison.seeds: must have 1 or more items, and has 0'],
    [
      comparing({ seeds: [1, 2, 1] }),
      `comparison.seeds[2]: seed 1 ${twice}, and would train the same run: leave one out`,
    ],
    [
      comparing({ contestants: [{ ...four[0]!, seeds: [3, 3] }] }),
      `comparison.contestants[0].seeds[1]: seed 3 ${twice}, and would train the same run: leave one out`,
    ],
    [unstable({ seeds: [0, 0] }), `instability.seeds[1]: seed 0 ${twice}, and would train the same run: leave one out`],
  ],
  crops: [
    [
      comparing({ crops: [{ name: '12', images: 0 }] }),
      'comparison.crops[0].images: must be a whole number of at least 1, not 0',
    ],
    [
      comparing({ crops: [{ name: '12' }, { name: '12', images: 3 }] }),
      `comparison.crops[1]: the crops "12" are there twice: leave one out`,
    ],
  ],
  ensembles: [
    [
      comparing({ ensembles: [{ members: [member('inception-v4')], crops: '1' }] }),
      'comparison.ensembles[0].members: must have 2 or more items, and has 1',
    ],
    [
      comparing({ ensembles: [{ members: [...both, member('inception-v4')], crops: '1' }] }),
      `comparison.ensembles[0].members[2]: inception-v4/1 ${twice}: leave one out`,
    ],
    [
      comparing({ ensembles: [{ members: [...both, member('inception-v4', 2)], crops: '1' }] }),
      'comparison.ensembles[0].members[2]: no run trains inception-v4 with seed 2: add it to the comparison, or give other "ensembles" ([] for none)',
    ],
    [
      comparing({
        contestants: [{ ...four[0]!, seeds: [2] }, ...four.slice(1)],
        ensembles: [{ members: both, crops: '1' }],
      }),
      'comparison.ensembles[0].members[1]: no run trains inception-v3 with seed 1: add it to the comparison, or give other "ensembles" ([] for none)',
    ],
    [
      comparing({ ensembles: [{ members: both, crops: '10' }] }),
      `comparison.ensembles[0].crops: "10" is not among the comparison's crops: add it there, or give one of 1, 12, 144`,
    ],
    [
      comparing({
        ensembles: [
          { members: both, crops: '1' },
          { members: [...both].reverse(), crops: '1' },
        ],
      }),
      `comparison.ensembles[1]: inception-v3/1 + inception-v4/1 with crops "1" ${twice}: leave one out`,
    ],
  ],
  recipes: [
    [trained({ epochs: 0 }), 'comparison.recipe.epochs: must be a number above 0 and of at most 1000000, not 0'],
    [trained({ learningRate: 0 }), 'comparison.recipe.learningRate: must be a number above 0, not 0'],
    [trained({ learningRate: Number.NaN }), 'comparison.recipe.learningRate: must be a number above 0, not NaN'],
    [trained({ batch: 0 }), 'comparison.recipe.batch: must be a whole number of at least 1, not 0'],
    [trained({ keep: 0 }), 'comparison.recipe.keep: must be a number above 0 and of at most 1, not 0'],
    [
      trained({ batch: 4001 }),
      'comparison.recipe.batch: a batch of 4001 is more than the 4000 training images of synth: lower it, or raise synth.train',
    ],
    [
      unstable({ recipe: { ...instability.recipe, batch: 4001 } }),
      'instability.recipe.batch: a batch of 4001 is more than the 4000 training images of synth: lower it, or raise synth.train',
    ],
    [
      setting({ recipe: { batch: 4001 } }),
      'instability.settings[0].recipe.batch: a batch of 4001 is more than the 4000 training images of synth: lower it, or raise synth.train',
    ],
    [
      comparing({
        contestants: [contestant('comparator', 'bn-inception')],
        recipe: { ...quick.comparison.recipe, auxiliary: 0.4 },
      }),
      'comparison.contestants[0].model: bn-inception has no auxiliary head: leave it out, or give the recipe "auxiliary": 0',
    ],
  ],
  'the unstable network': [
    [
      unstable({ model: model('inception-v4') }),
      'instability.model.network: inception-v4 has no residual connections whose scale could be set: give an Inception-ResNet',
    ],
    [
      unstable({ model: model('resnet-152') }),
      'instability.model.network: resnet-152 has no residual connections whose scale could be set: give an Inception-ResNet',
    ],
    [
      unstable({ model: { ...instability.model, residualScale: 0.1 } }),
      'instability.model.residualScale: every setting has its own: leave it out here',
    ],
    [
      unstable({ steps: 19 }),
      'instability.watchSteps: 20 is more than the 19 steps, so no block would be looked at: lower it',
    ],
    [unstable({ settings: [] }), 'instability.settings: must have 1 or more items, and has 0'],
    [
      unstable({
        settings: [
          { id: 'a', title: 'one', residualScale: 1 },
          { id: 'A', title: 'two', residualScale: 0.1 },
        ],
      }),
      `instability.settings[1]: the id "a" ${twice}, and runs are kept under it: give another`,
    ],
    ...['', '..', '.a', 'a/b', 'a b', 'ä', 'a\n'].map(
      id =>
        [
          setting({ id }),
          `instability.settings[0].id: must be a name of letters, digits, ., - and _, since a folder is named so, not ${JSON.stringify(id)}`,
        ] as const,
    ),
    [
      setting({ remedy: 'lower learning rate', recipe: { learningRate: instability.recipe.learningRate } }),
      'instability.settings[0].remedy: "lower learning rate" is not what this setting changes: give it a recipe.learningRate below the matrix\'s, or leave the remedy out',
    ],
    [
      setting({ remedy: 'extra batch norm' }),
      'instability.settings[0].remedy: "extra batch norm" is not what this setting changes: give it "extraNorm": "last", or leave the remedy out',
    ],
    [
      setting({ remedy: 'warm-up', recipe: { learningRate: 0.001 } }),
      'instability.settings[0].remedy: "warm-up" is not what this setting changes: give it more recipe.warmupEpochs than the matrix\'s, or leave the remedy out',
    ],
  ],
  'the footprint': [
    [measured({ networks: [] }), 'footprint.networks: must have 1 or more items, and has 0'],
    [
      measured({ networks: ['inception-v4', 'inception-v4'] }),
      `footprint.networks[1]: inception-v4 ${twice}: leave one out`,
    ],
    [
      measured({ networks: ['resnet'] }),
      `footprint.networks[0]: unknown network 'resnet': did you mean 'resnet-152'? There are: ${everyNetwork}`,
    ],
    [
      measured({ withSumNorms: ['inception-v4'] }),
      'footprint.withSumNorms[0]: inception-v4 has no residual connections whose sums could have norms: leave it out',
    ],
    [
      measured({ withSumNorms: ['inception-resnet-v2'] }),
      'footprint.withSumNorms[0]: inception-resnet-v2 is not among footprint.networks, to compare it with: add it there, or leave it out',
    ],
    [measured({ batch: 0 }), 'footprint.batch: must be a whole number of at least 1, not 0'],
  ],
  'pictures and lanes': [
    [drawn({ classes: 1 }), 'synth: classes must be a whole number from 2 to 25, not 1'],
    [drawn({ classes: 26 }), 'synth: classes must be a whole number from 2 to 25, not 26'],
    [drawn({ val: 9 }), 'synth: val must be a whole number from 10 to 10000000, not 9'],
    [drawn({ difficulty: 1.1 }), 'synth: difficulty must lie in 0 … 1, not 1.1'],
    [{ ...quick, lanes: 0 }, 'lanes: must be a whole number of at least 1 and at most 1024, not 0'],
    [
      { ...quick, name: 'a b' },
      'name: must be a name of letters, digits, - and _, since a folder is named so, not "a b"',
    ],
  ],
}

for (const [subject, cases] of Object.entries(contradictions))
  test(`contradictions are refused: ${subject}`, () => {
    for (const [preset, message] of cases)
      assert.throws(
        () => checkPreset(preset, 'mine.json'),
        (error: unknown) => {
          assert.ok(error instanceof UserError, String(error))
          assert.equal(error.message, `mine.json: ${message}`)
          assert.equal(error.exitCode, 2)
          return true
        },
      )
  })

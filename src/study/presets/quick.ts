import { paperRecipe } from '../../training/recipe.js'
import type { Contestant, Preset, RecipeNotes, StudyRecipe } from './preset.js'

/** Every kind of block of every network, at a quarter of the channels and a third of the side. */
const reduced = { size: 107, width: 0.25, blocks: { a: 2, b: 2, c: 1 }, normScale: true } as const

/** The paper's four networks, small. */
export const contestants: readonly Contestant[] = [
  { role: 'smaller', model: { network: 'inception-v3', ...reduced } },
  { role: 'smaller', model: { network: 'inception-resnet-v1', ...reduced } },
  { role: 'larger', model: { network: 'inception-v4', ...reduced } },
  { role: 'larger', model: { network: 'inception-resnet-v2', ...reduced } },
]

const { seed: _, ...paper } = paperRecipe

/** The paper's recipe made to fit runs of a thousand steps. */
export const shortRecipe: StudyRecipe = {
  ...paper,
  epochs: 10,
  epsilon: 1e-6,
  learningRate: 0.0003,
  averageDecay: 0.99,
  normDecay: 0.95,
}

export const shortNotes: RecipeNotes = {
  epochs: 'the paper trains on 1.28 million images for days',
  epsilon:
    'at this size the first layers of a network without residual connections begin with gradients a hundred times those of its last; ε = 1 makes RMSProp plain descent, which needs far more than these steps to get over that',
  learningRate: 'with so small an ε a step moves every weight by about the rate itself',
  averageDecay: 'a run of a few thousand steps is shorter than the memory of 0.9999',
  normDecay: 'likewise: 0.9997 would still remember the initial statistics at the end',
}

export const quick: Preset = {
  name: 'quick',
  synth: { seed: 1, train: 4000, val: 1000, classes: 10, size: 112, difficulty: 0.5 },
  comparison: {
    contestants,
    seeds: [1],
    recipe: shortRecipe,
    notes: shortNotes,
    crops: [{ name: '12' }, { name: '144', images: 100 }],
    ensembles: [
      {
        members: [
          { network: 'inception-v4', seed: 1 },
          { network: 'inception-resnet-v2', seed: 1 },
        ],
        crops: '12',
      },
      { members: contestants.map(({ model }) => ({ network: model.network, seed: 1 })), crops: '12' },
    ],
  },
  footprint: {
    networks: contestants.map(({ model }) => model.network),
    withSumNorms: ['inception-resnet-v1', 'inception-resnet-v2'],
    batch: 8,
    steps: 3,
  },
}

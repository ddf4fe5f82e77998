import type { SynthSettings } from '../data/synth/folder.js'
import type { ModelSpec } from '../networks/model-spec.js'
import { paperRecipe, type Recipe } from '../training/recipe.js'
import type { Pair } from './result.js'

/** One network of a study, in the paper's pairing by cost. */
export interface Contestant {
  readonly pair: Pair
  /** Without classes: the data decide. */
  readonly model: Omit<ModelSpec, 'classes'>
}

/** A study as data: which networks, how trained, on what. */
export interface Preset {
  readonly name: string
  readonly contestants: readonly Contestant[]
  /** Ensembles by network id; all members of a study's runs. */
  readonly ensembles: readonly (readonly string[])[]
  readonly recipe: Omit<Recipe, 'precision'>
  /** Why a number of the recipe is not the paper's, by key. */
  readonly notes: Readonly<Partial<Record<keyof Recipe, string>>>
  /** The data set to draw when the user gives none. */
  readonly synth: SynthSettings
}

/** Every kind of block of every network, at a quarter of the channels and a third of the side. */
const quickModel = { size: 107, width: 0.25, blocks: { a: 2, b: 2, c: 1 }, normScale: true } as const

const pairs = [
  ['inception-v3', 'smaller'],
  ['inception-resnet-v1', 'smaller'],
  ['inception-v4', 'larger'],
  ['inception-resnet-v2', 'larger'],
] as const

export const quick: Preset = {
  name: 'quick',
  contestants: pairs.map(([network, pair]) => ({ pair, model: { network, ...quickModel } })),
  ensembles: [
    ['inception-v4', 'inception-resnet-v2'],
    ['inception-v3', 'inception-resnet-v1', 'inception-v4', 'inception-resnet-v2'],
  ],
  recipe: {
    ...paperRecipe,
    epochs: 10,
    epsilon: 1e-6,
    learningRate: 0.0003,
    averageDecay: 0.99,
    normDecay: 0.95,
    seed: 1,
  },
  notes: {
    epochs: 'the paper trains on 1.28 million images for days',
    epsilon:
      'at this size the first layers of a network without residual connections begin with gradients a hundred times those of its last; ε = 1 makes RMSProp plain descent, which needs far more than these steps to get over that',
    learningRate: 'with so small an ε a step moves every weight by about the rate itself',
    averageDecay: 'a run of 1,250 steps is shorter than the memory of 0.9999',
    normDecay: 'likewise: 0.9997 would still remember the initial statistics at the end',
  },
  synth: { seed: 1, train: 4000, val: 1000, classes: 10, size: 112, difficulty: 0.5 },
}

export const presets: Readonly<Record<string, Preset>> = { quick }

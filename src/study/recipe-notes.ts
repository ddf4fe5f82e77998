import { findNetwork } from '../networks/networks.js'
import { paperRecipe } from '../training/recipe.js'
import type { Comparison, Model, Preset, RecipeNotes, StudyRecipe } from './presets/preset.js'
import type { RecipeEntry } from './result.js'

const names: Readonly<Record<keyof StudyRecipe, string>> = {
  epochs: 'epochs',
  batch: 'batch',
  optimizer: 'optimiser',
  decay: 'RMSProp decay',
  epsilon: 'RMSProp ε (inside the root)',
  momentum: 'momentum',
  learningRate: 'learning rate',
  learningRateFactor: 'learning rate decays by',
  learningRateEpochs: '… every epochs',
  warmupEpochs: 'warm-up epochs',
  clipNorm: 'gradient clipped to norm',
  averageDecay: 'decay of the running average',
  normDecay: "decay of batch norm's statistics",
  labelSmoothing: 'label smoothing',
  weightDecay: 'weight decay',
  keep: 'dropout keeps',
  auxiliary: 'auxiliary loss weight',
  colour: 'colour distortion',
}

/** The recipe of a preset's comparison and how its networks are reduced, with a note wherever that is not the paper's. */
export const describeRecipe = ({ comparison }: Preset): RecipeEntry[] => [
  ...describeReduction(comparison),
  ...recipeEntries(comparison.recipe, comparison.notes),
]

/** Every number of a recipe, with a note wherever it is not the paper's. */
export function recipeEntries(recipe: StudyRecipe, notes: RecipeNotes): RecipeEntry[] {
  const keys = Object.keys(names) as (keyof typeof names)[]
  return keys.map(key => {
    const note = `paper: ${paperRecipe[key]}; ${notes[key] ?? 'changed for this study'}`
    return { key: names[key], value: String(recipe[key]), ...(recipe[key] !== paperRecipe[key] && { note }) }
  })
}

/** How the networks differ from the published ones, if they do. */
function describeReduction({ contestants, seeds }: Comparison): RecipeEntry[] {
  const values = (of: (model: Model) => string) => [...new Set(contestants.map(({ model }) => of(model)))].join('; ')
  const list = (blocks: Readonly<Record<string, number>> | undefined) =>
    blocks
      ? Object.entries(blocks)
          .map(([name, count]) => `${name} ${count}`)
          .join(', ')
      : 'as published'
  const entry = (key: string, value: string, published: string): RecipeEntry => ({
    key,
    value,
    ...(value !== published && { note: `paper: ${published}; reduced so that the study takes minutes or hours` }),
  })
  const published = [...new Set(contestants.map(({ model }) => `${findNetwork(model.network).size}`))].join('; ')
  return [
    entry(
      'input side',
      values(model => `${model.size}`),
      published,
    ),
    entry(
      'width',
      values(model => `${model.width}`),
      '1',
    ),
    entry(
      'repeats of each block',
      values(model => list(model.blocks)),
      'as published',
    ),
    { key: 'seeds', value: seeds.join(', ') },
  ]
}

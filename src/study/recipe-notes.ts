import { paperRecipe } from '../training/recipe.js'
import type { Preset } from './presets.js'
import type { RecipeEntry } from './result.js'

const names: Readonly<Record<keyof typeof paperRecipe, string>> = {
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
  seed: 'seed',
}

/** The recipe of a preset, with a note wherever it is not the paper's. */
export function describeRecipe(preset: Preset): RecipeEntry[] {
  const { recipe, notes } = preset
  const keys = Object.keys(names) as (keyof typeof names)[]
  const rules = keys.map(key => {
    const differs = recipe[key] !== paperRecipe[key] && key !== 'seed'
    const note = differs ? `paper: ${paperRecipe[key]}; ${notes[key] ?? 'changed for this study'}` : undefined
    return { key: names[key], value: String(recipe[key]), ...(note !== undefined && { note }) }
  })
  return [...describeReduction(preset), ...rules]
}

/** How the networks differ from the published ones, if they do. */
function describeReduction({ contestants }: Preset): RecipeEntry[] {
  const values = (of: (model: Preset['contestants'][number]['model']) => string) =>
    [...new Set(contestants.map(({ model }) => of(model)))].join('; ')
  const list = (blocks: Readonly<Record<string, number>> | undefined) =>
    blocks
      ? Object.entries(blocks)
          .map(([name, count]) => `${name} ${count}`)
          .join(', ')
      : 'as published'
  const reduced = (published: string) => `paper: ${published}; reduced so that the study takes minutes`
  return [
    { key: 'input side', value: values(model => `${model.size}`), note: reduced('299') },
    { key: 'width', value: values(model => `${model.width}`), note: reduced('1') },
    { key: 'repeats of each block', value: values(model => list(model.blocks)), note: reduced('as in the figures') },
  ]
}

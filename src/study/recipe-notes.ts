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
export function describeRecipe({ recipe, notes }: Preset): RecipeEntry[] {
  const keys = Object.keys(names) as (keyof typeof names)[]
  return keys.map(key => {
    const differs = recipe[key] !== paperRecipe[key] && key !== 'seed'
    const note = differs ? `paper: ${paperRecipe[key]}; ${notes[key] ?? 'changed for this study'}` : undefined
    return { key: names[key], value: String(recipe[key]), ...(note !== undefined && { note }) }
  })
}

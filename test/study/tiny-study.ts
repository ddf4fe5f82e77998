import path from 'node:path'
import type { Preset } from '../../src/study/presets/preset.js'
import { paperRecipe } from '../../src/training/recipe.js'

const { seed: _, ...paper } = paperRecipe
const model = { size: 75, width: 0.1, blocks: { a: 1, b: 1, c: 1 }, normScale: true } as const
const recipe = { ...paper, epochs: 2, batch: 8, learningRate: 0.01, averageDecay: 0.9, normDecay: 0.9 }
export const members = [
  { network: 'inception-resnet-v1', seed: 1 },
  { network: 'inception-v4', seed: 2 },
]

/** Two networks of two seeds, 16 steps each, and a residual one that trains, dies and diverges. */
export const tiny: Preset = {
  name: 'tiny',
  synth: { seed: 1, train: 64, val: 12, classes: 3, size: 64, difficulty: 0.5 },
  comparison: {
    contestants: [
      { role: 'smaller', model: { ...model, network: 'inception-resnet-v1' } },
      { role: 'larger', model: { ...model, network: 'inception-v4' } },
    ],
    seeds: [1, 2],
    recipe,
    notes: { learningRate: 'a short run' },
    crops: [
      { name: '12', images: 4 },
      { name: '144', images: 2 },
    ],
    ensembles: [{ members, crops: '12' }],
  },
  instability: {
    model: { ...model, network: 'inception-resnet-v1' },
    recipe: { ...recipe, clipNorm: 1e9 },
    notes: { clipNorm: 'none' },
    steps: 90,
    watchSteps: 6,
    seeds: [1],
    settings: [
      { id: 'calm', title: 'scale 0.1', residualScale: 0.1 },
      { id: 'wild', title: 'scale 1', residualScale: 1, recipe: { learningRate: 0.5 } },
      {
        id: 'normed',
        title: 'scale 1, extra norm, absurd rate',
        residualScale: 1,
        remedy: 'extra batch norm',
        recipe: { learningRate: 1e33 },
        extraNorm: 'last',
      },
    ],
  },
}
/** Of its runs, within its own. */
export const folders = [
  ...members.flatMap(({ network }) => [1, 2].map(seed => path.join(network, `seed-${seed}`))),
  ...['calm', 'wild', 'normed'].map(id => path.join('instability', id, 'seed-1')),
]

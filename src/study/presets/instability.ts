import { paperRecipe } from '../../training/recipe.js'
import type { InstabilityMatrix, InstabilityPlan } from './preset.js'

const { seed: _, ...paper } = paperRecipe

const scaled = (residualScale: number): InstabilityPlan => ({
  id: `scale-${residualScale}`,
  title: `scale ${residualScale}`,
  residualScale,
})

/** With scale 1, which fails: the remedies that the paper names. */
const remedied = (plan: Pick<InstabilityPlan, 'title' | 'remedy' | 'recipe' | 'extraNorm'>): InstabilityPlan => ({
  ...plan,
  id: plan.title.replaceAll(/\W+/g, '-'),
  title: `scale 1, ${plan.title}`,
  residualScale: 1,
})

/**
 * Inception-ResNet-v2 with 1,072 filters at its last grid, small in all else, with the paper's rate and ε. Within some
 * hundred steps scale 1 dies where scales of 0.1 to 0.3 train on: found by trying rates, widths, depths and clipping.
 */
export const instability: InstabilityMatrix = {
  model: {
    network: 'inception-resnet-v2',
    size: 75,
    width: 0.5,
    blocks: { a: 1, b: 2, c: 5 },
    normScale: true,
  },
  recipe: {
    ...paper,
    batch: 16,
    clipNorm: 1e9,
    averageDecay: 0.99,
    normDecay: 0.95,
    learningRateFactor: 1,
  },
  notes: {
    batch: 'smaller steps in less time',
    clipNorm:
      'none: the arXiv version of the paper does not mention clipping, and with it this small network takes many times as long to die',
    averageDecay: 'a run of hundreds of steps is shorter than the memory of 0.9999',
    normDecay: 'likewise',
    learningRateFactor: 'the run is shorter than the two epochs after which the rate falls',
  },
  steps: 1200,
  watchSteps: 20,
  seeds: [1],
  settings: [
    scaled(1),
    scaled(0.3),
    scaled(0.2),
    scaled(0.1),
    remedied({ title: 'half the learning rate', remedy: 'lower learning rate', recipe: { learningRate: 0.0225 } }),
    remedied({
      title: 'a tenth of the learning rate',
      remedy: 'lower learning rate',
      recipe: { learningRate: 0.0045 },
    }),
    remedied({ title: 'extra batch norm', remedy: 'extra batch norm', extraNorm: 'last' }),
    remedied({ title: 'warm-up', remedy: 'warm-up', recipe: { warmupEpochs: 2 } }),
  ],
}

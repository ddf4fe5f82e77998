import assert from 'node:assert/strict'
import test from 'node:test'
import { averageDecayAt } from '../../src/optim/average.js'
import { type DecaySchedule, learningRateAt } from '../../src/optim/schedule.js'
import { learningRateOf, paperRecipe } from '../../src/training/recipe.js'

const { learningRate, learningRateFactor: factor, learningRateEpochs: everyEpochs, warmupEpochs } = paperRecipe
const paper: DecaySchedule = { learningRate, factor, everyEpochs, warmupEpochs }

const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) <= 1e-12 * expected, `${actual}`)

test('the paper’s rate: 0.045, times 0.94 every two epochs, in steps', () => {
  for (const [epoch, rate] of [
    [0, 0.045],
    [1, 0.045],
    [1.999, 0.045],
    [2, 0.0423],
    [3.5, 0.0423],
    [4, 0.039762],
    [6, 0.03737628],
    [100, 0.045 * 0.94 ** 50],
    [160, 0.045 * 0.94 ** 80],
  ] as const)
    near(learningRateAt(paper, epoch), rate)
})

test('the rate falls at the step that completes an epoch, however the division rounds', () => {
  for (const [batch, images] of [
    [32, 4000],
    [7, 49],
    [10, 300],
    [3, 999],
  ] as const)
    for (let turn = 1; turn < 100; turn++) {
      const step = (2 * turn * images) / batch
      near(learningRateAt(paper, (step * batch) / images), 0.045 * 0.94 ** turn)
      near(learningRateAt(paper, ((step - 1) * batch) / images), 0.045 * 0.94 ** (turn - 1))
    }
})

test('a warm-up rises linearly from zero to the rate that the decay has reached by then', () => {
  const warm = { ...paper, warmupEpochs: 4 }
  assert.equal(learningRateAt(warm, 0), 0)
  near(learningRateAt(warm, 1), 0.045 / 4)
  near(learningRateAt(warm, 3), (0.0423 * 3) / 4)
  near(learningRateAt(warm, 4), 0.039762)
})

test('a factor of one keeps the rate', () => {
  near(learningRateAt({ ...paper, factor: 1 }, 77.7), 0.045)
})

test('the running average remembers little at first: (1 + step) / (10 + step), until its own decay', () => {
  for (const [step, decay] of [
    [0, 0.1],
    [1, 2 / 11],
    [8, 0.5],
    [90, 0.91],
    [980, 981 / 990],
    [89_989, 89_990 / 89_999],
    [89_990, 0.9999],
    [1e6, 0.9999],
  ] as const)
    near(averageDecayAt(0.9999, step), decay)
  assert.equal(averageDecayAt(0, 5), 0)
})

test('a rate meant for another batch is in proportion to it, and a warm-up leads from the one to the other', () => {
  const recipe = { ...paperRecipe, batch: 640, baseBatch: 32, warmupEpochs: 5, precision: 'f32' } as const
  near(learningRateOf(recipe, 0), 0.045)
  near(learningRateOf(recipe, 1), 0.045 * (1 + 19 / 5))
  near(learningRateOf(recipe, 5), 0.045 * 20 * 0.94 ** 2)
  // Without a base batch the rate is as it is given, and a warm-up begins at zero.
  const { baseBatch: _, ...plain } = recipe
  near(learningRateOf(plain, 5), 0.045 * 0.94 ** 2)
  assert.equal(learningRateOf(plain, 0), 0)
})

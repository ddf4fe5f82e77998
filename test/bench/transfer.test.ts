import assert from 'node:assert/strict'
import test from 'node:test'
import { measureTransfer } from '../../bench/transfer.js'
import { openBackend } from '../../src/backends/open.js'
import { shortRecipe } from '../../src/study/presets/quick.js'
import { temporaryFolder, tinyModel } from '../training/tiny-run.js'

// One thread: kernels this short lose more by waiting for each other than they gain.
process.env.OMP_NUM_THREADS = '1'

test('fine-tuning for other classes reaches in a tenth of the steps what training from nothing does in all', async () => {
  const [known, nothing, tuned] = await measureTransfer({
    folder: temporaryFolder(),
    synth: { seed: 1, train: 1200, val: 300, classes: 10, size: 64, difficulty: 0 },
    fewPerClass: 12,
    model: { ...tinyModel, width: 1 / 8 },
    scratch: { ...shortRecipe, batch: 16, learningRate: 0.001, seed: 7 },
    knownEpochs: 24,
    epochs: 54,
    ways: { 'fine-tuned': {} },
    backend: openBackend('auto', () => {}),
    precision: 'f32',
    say: () => {},
  })
  assert.deepEqual([nothing!.steps, tuned!.steps], [203, 21])
  const figures = [known, nothing, tuned].map(course => `${course!.what}: ${course!.top1Error}`).join(', ')
  assert.ok(nothing!.top1Error < 0.7, `it learns something from nothing: ${figures}`)
  assert.ok(tuned!.top1Error < nothing!.top1Error - 0.1, figures)
})

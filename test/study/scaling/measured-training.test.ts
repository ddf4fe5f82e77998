import assert from 'node:assert/strict'
import path from 'node:path'
import test from 'node:test'
import { openBackend } from '../../../src/backends/open.js'
import { allPasses } from '../../../src/graph/passes/pass-names.js'
import { openDataSets } from '../../../src/study/run/run.js'
import { measureTraining } from '../../../src/study/scaling/measured-training.js'
import { drawTinyData, temporaryFolder, tinySettings } from '../../training/tiny-run.js'

test('the update needs the sums when the last is sent, also where norms need theirs before', async () => {
  const data = await openDataSets(await drawTinyData(path.join(temporaryFolder(), 'data')))
  const passes = new Set([...allPasses].filter(name => name !== 'tune'))
  const backend = openBackend('auto', () => {}, { passes, threads: 1 })
  const settings = tinySettings(data)
  for (const syncBatchNorm of [false, true]) {
    const recipe = { ...settings.recipe, syncBatchNorm }
    const options = { backend, images: data.train, replicas: 2, steps: 1 }
    const { step } = await measureTraining({ ...settings, recipe }, options)
    const lastSent = step.buckets.at(-1)!.readyAt
    assert.ok(step.neededAt >= lastSent, `needed at ${step.neededAt} s, the last sent at ${lastSent} s`)
  }
})

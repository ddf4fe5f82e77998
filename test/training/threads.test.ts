import assert from 'node:assert/strict'
import path from 'node:path'
import test from 'node:test'
import { openBackend } from '../../src/backends/open.js'
import { openDataSets, trainInFolder } from '../../src/study/run/run.js'
import type { TrainingEvent } from '../../src/training/events.js'
import { drawTinyData, sha256, temporaryFolder, tinySettings } from './tiny-run.js'

// Two threads whatever the machine has: sums over the batch are then made of parts.
process.env.OMP_NUM_THREADS = '2'

test('a run on several threads is resumed to the same bits', async () => {
  const root = temporaryFolder()
  const data = await openDataSets(await drawTinyData(path.join(root, 'data')))
  const backend = openBackend('auto', () => {})
  const tiny = tinySettings(data)
  // Four steps.
  const settings = { ...tiny, recipe: { ...tiny.recipe, precision: backend.precisions[0], epochs: 4 / 6 } }
  const run = (folder: string, resume: boolean, write: (event: TrainingEvent) => void, signal?: AbortSignal) =>
    trainInFolder(settings, {
      folder: path.join(root, folder),
      resume,
      backend,
      data,
      sinks: [{ write, async close() {} }],
      signal,
      resumeCommand: 'again',
    })
  const last = (folder: string) => path.join(root, folder, 'checkpoints', 'step-00000004.safetensors')

  await run('straight', false, () => {})
  const controller = new AbortController()
  const begun = await run('stopped', false, () => controller.abort(), controller.signal)
  assert.equal(begun.type, 'interrupted')
  await run('stopped', true, () => {})
  assert.equal(sha256(last('stopped')), sha256(last('straight')))
})

import { openBackend } from '../../src/backends/open.js'
import { openEvaluationData } from '../../src/data/sources/open.js'
import { evaluatorOf } from '../../src/evaluation/checkpoint-evaluator.js'
import { readCheckpoint } from '../../src/training/checkpoint.js'

// Evaluates a checkpoint on 144 crops, keeping what is done, and says so after the first image: to be killed then.

const [checkpointFile, data, keep] = process.argv.slice(2) as [string, string, string]
using checkpoint = readCheckpoint(checkpointFile)
await using evaluator = evaluatorOf(checkpoint, {
  backend: openBackend('onednn', () => {}, { threads: 1 }),
  precision: 'f32',
  images: await openEvaluationData(data),
  badImages: 'error',
  crops: { kind: 'views', name: '144' },
  batch: 4,
})
let told = false
await evaluator.run({
  keep,
  progress({ done }) {
    if (done < 1 || told) return
    told = true
    process.stdout.write('one\n')
  },
})

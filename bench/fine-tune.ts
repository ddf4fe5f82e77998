// What a network trained on one half of the drawn classes is worth on the other half, of which there are few images: each
// way to fine-tune has a tenth of the steps of the training from nothing beside it. Takes a few minutes on 2 cores.
//     node dist/bench/fine-tune.js [--json]

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { choosePrecision, openBackend } from '../src/backends/open.js'
import { formatBytes, formatCount, formatPercent, formatTable } from '../src/base/format.js'
import { shortRecipe } from '../src/study/presets/quick.js'
import { measureTransfer } from './transfer.js'

const say = (line: string) => console.error(line)
const backend = openBackend('auto', say)
const folder = mkdtempSync(path.join(tmpdir(), 'inception-fine-tune-'))
try {
  const courses = await measureTransfer({
    folder,
    synth: { seed: 1, train: 8000, val: 2000, classes: 20, size: 96, difficulty: 0.5 },
    fewPerClass: 40,
    model: { network: 'inception-resnet-v1', size: 79, width: 0.25, blocks: { a: 1, b: 1, c: 1 }, normScale: true },
    scratch: { ...shortRecipe, seed: 1 },
    knownEpochs: 20,
    epochs: 80,
    ways: {
      'fine-tuned': {},
      'fine-tuned, head alone for a quarter': { headOnlyEpochs: 2 },
      'fine-tuned, stem and resnet_a frozen': { freeze: ['stem', 'resnet_a'] },
      'fine-tuned, head alone': { headOnlyEpochs: 8 },
    },
    backend,
    precision: choosePrecision(backend, 'auto'),
    say,
  })
  if (process.argv.includes('--json')) console.log(JSON.stringify(courses, undefined, 2))
  else
    console.log(
      formatTable(
        ['', 'steps', 'top-1 error', 'top-5 error', 'steps/s', 'memory'],
        courses.map(course => [
          course.what,
          formatCount(course.steps),
          formatPercent(course.top1Error),
          formatPercent(course.top5Error),
          course.stepsPerSecond.toFixed(1),
          formatBytes(course.memoryBytes),
        ]),
      ),
    )
} finally {
  rmSync(folder, { recursive: true, force: true })
}

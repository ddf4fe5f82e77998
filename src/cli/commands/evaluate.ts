import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { Command } from 'commander'
import { type BackendName, choosePrecision, openBackend } from '../../backends/open.js'
import { UserError } from '../../base/error.js'
import { formatCount, formatPercent, formatTable } from '../../base/format.js'
import { openEvaluationData } from '../../data/class-folder.js'
import { evaluatorOf, expectClasses } from '../../evaluation/checkpoint-evaluator.js'
import { averagePredictions, type Predictions, scoresOf } from '../../evaluation/scores.js'
import type { Passes } from '../../graph/passes/passes.js'
import { type Checkpoint, latestCheckpoint, readCheckpoint } from '../../training/checkpoint.js'
import { backendOption, badImagesOption, passesOption, precisionOption, threadsOption } from '../engine-options.js'
import { ProgressLine } from '../progress-line.js'
import { warn } from '../warn.js'

interface Flags {
  checkpoint: string[]
  data: string
  badImages: 'error' | 'skip'
  backend: BackendName
  precision: 'auto' | 'f32' | 'bf16'
  threads?: number
  passes: Passes
  json?: boolean
}

export const evaluateCommand = (): Command =>
  new Command('evaluate')
    .description('single-crop top-1 and top-5 error of a checkpoint, or of several averaged')
    .requiredOption('--checkpoint <file...>', 'checkpoint files, or run folders for their newest one')
    .requiredOption('--data <folder>', 'holds val/<class>/*.jpg, or the class folders themselves')
    .addOption(badImagesOption())
    .addOption(backendOption())
    .addOption(precisionOption())
    .addOption(threadsOption())
    .addOption(passesOption())
    .option('--json', 'as JSON')
    .action(async (flags: Flags) => {
      const images = await openEvaluationData(flags.data)
      // All of them are checked before the first takes its time.
      const checkpoints = flags.checkpoint.map(openNamed)
      for (const checkpoint of checkpoints) expectClasses(checkpoint, images)
      const backend = openBackend(flags.backend, warn, { ...flags, notify: warn })
      const precision = choosePrecision(backend, flags.precision)
      const line = new ProgressLine(process.stderr)
      const members: { name: string; predictions: Predictions }[] = []
      const bad = new Map<string, string>()
      for (const checkpoint of checkpoints) {
        const { file } = checkpoint
        await using evaluator = evaluatorOf(checkpoint, { backend, precision, images, badImages: flags.badImages })
        const result = await evaluator
          .run({ progress: ({ done, total }) => line.update(`${file}: ${formatCount(done)} of ${formatCount(total)}`) })
          .finally(() => line.end())
        for (const note of result.bad) bad.set(note.path, note.reason)
        members.push({ name: file, predictions: result.predictions })
        checkpoint.close()
      }
      const rows = members.map(({ name, predictions }) => ({ checkpoint: name, ...figures(predictions) }))
      const ensemble = members.length > 1 ? figures(averagePredictions(members.map(m => m.predictions))) : undefined
      const badImages = [...bad].map(([file, reason]) => ({ path: file, reason }))
      if (flags.json) {
        console.log(
          JSON.stringify(
            { crops: 1, precision, backend: backend.title, members: rows, ...(ensemble && { ensemble }), badImages },
            undefined,
            2,
          ),
        )
        return
      }
      const cells = (label: string, f: ReturnType<typeof figures>) => [
        label,
        formatPercent(f.top1Error),
        formatPercent(f.top5Error),
        formatCount(f.images),
      ]
      const table = rows.map(row => cells(path.relative('', row.checkpoint), row))
      if (ensemble) table.push(cells(`ensemble of ${members.length}`, ensemble))
      console.log(formatTable(['single crop', 'top-1 error', 'top-5 error', 'images'], table))
      for (const { path: file, reason } of badImages) console.log(`left out: ${file}: ${reason}`)
    })

function openNamed(name: string): Checkpoint {
  if (!existsSync(name) || !statSync(name).isDirectory()) return readCheckpoint(name)
  const folder = path.join(name, 'checkpoints')
  if (!existsSync(folder))
    throw new UserError(`${name} is a folder without checkpoints: give the folder of a run, or a checkpoint file`)
  return latestCheckpoint(folder, warn)
}

function figures(predictions: Predictions) {
  const { wrong: _, ...scores } = scoresOf(predictions)
  return scores
}

import path from 'node:path'
import { quoted } from '../../base/shell-word.js'
import { type PassName, passNames } from '../../graph/passes/pass-names.js'
import { paperRecipe, type Recipe } from '../../training/recipe.js'
import type { StudyCropName } from '../lanes/evaluate-run.js'
import type { PlannedRun } from '../matrix.js'
import type { RunSettings } from './run-settings.js'

/** A folder as the command's user would write it: what lies below the working directory without the way to it. */
function place(folder: string): string {
  const below = path.relative('', folder)
  return quoted(below === '' || below.startsWith('..') || path.isAbsolute(below) ? folder : below)
}

/** The command that repeats one run of a study by itself, into its folder. */
export function trainCommand({ model, recipe, data, boxes, ...settings }: RunSettings, folder: string): string {
  const { size, width, residualScale, blocks, normScale, extraNorm } = model
  const flags: [flag: string, value: string | number | undefined][] = [
    ['--network', model.network],
    ['--data', place(data)],
    ['--labels', settings.labels === 'auto' ? undefined : settings.labels],
    ['--boxes', boxes && (typeof boxes === 'string' ? boxes : place(boxes.file))],
    ['--out', place(folder)],
    ['--size', size],
    ['--width', width === 1 ? undefined : width],
    ['--residual-scale', residualScale],
    [
      '--blocks',
      blocks &&
        Object.entries(blocks)
          .map(([name, count]) => `${name}=${count}`)
          .join(','),
    ],
    ['--extra-norm', extraNorm],
    ...changed(recipe),
    ['--precision', recipe.precision],
    ['--base-batch', recipe.baseBatch],
    ['--reduce-precision', recipe.reducePrecision],
    ['--steps', settings.steps],
    ['--watch-steps', settings.watchSteps === 50 ? undefined : settings.watchSteps],
    ['--evaluate-epochs', settings.evaluateEpochs === 1 ? undefined : settings.evaluateEpochs],
    ['--bad-images', settings.badImages === 'error' ? undefined : settings.badImages],
    ['--backend', settings.backend === 'auto' ? undefined : settings.backend],
    ['--recompute', settings.recompute === 'auto' ? undefined : settings.recompute],
    ['--passes', passesFlag(settings.passes)],
  ]
  const words = flags.flatMap(([flag, value]) => (value === undefined ? [] : [`${flag} ${value}`]))
  const switches = [
    ...(normScale ? [] : ['--no-norm-scale']),
    ...(recipe.scaledDecoding ? ['--scaled-decoding'] : []),
    ...(recipe.syncBatchNorm ? ['--sync-batch-norm'] : []),
  ]
  return ['npx inception train', ...words, ...switches].join(' ')
}

const passesFlag = (passes: readonly PassName[]): string | undefined =>
  passes.length === passNames.length ? undefined : passes.join(',') || 'none'

/** The recipe's numbers that are not the defaults of the command, which are the paper's. */
function changed(recipe: Recipe): [flag: string, value: string | number][] {
  const keys = Object.keys(paperRecipe) as (keyof typeof paperRecipe)[]
  return keys
    .filter(key => recipe[key] !== paperRecipe[key])
    .map(key => [`--${key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`, recipe[key]])
}

const labelsFlag = ({ labels }: RunSettings) => (labels === undefined || labels === 'auto' ? '' : ` --labels ${labels}`)

/** The command that evaluates one run; where the study took a part of the images, it says so behind. */
export const evaluateCommand = ({ folder, settings }: PlannedRun, crops: StudyCropName, part?: number): string =>
  `npx inception evaluate --checkpoint ${place(folder)} --data ${place(settings.data)}${labelsFlag(settings)} --crops ${crops}${part === undefined ? '' : `  # all images; the study took ${part}`}`

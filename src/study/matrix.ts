import path from 'node:path'
import type { BackendName, Precision } from '../backends/backend.js'
import type { BoxSource } from '../data/box-source.js'
import type { LabelNumbering } from '../data/sources/class-names.js'
import type { PassName } from '../graph/passes/pass-names.js'
import { networkOf } from '../networks/model-spec.js'
import type { Contestant, InstabilityPlan, Model, Preset, StudyRecipe } from './presets/preset.js'
import type { RunSettings } from './run/run-settings.js'

/** What all runs of a study share. */
export interface MatrixOptions {
  readonly preset: Preset
  /** The study's folder. */
  readonly out: string
  readonly data: string
  /** From which number classes count that are numbers. @default 'auto' */
  readonly labels?: LabelNumbering
  /** Whose boxes the crops of training look at. @default 'none' */
  readonly boxes?: BoxSource
  readonly classes: number
  readonly backend: BackendName
  readonly precision: Precision
  readonly passes: readonly PassName[]
}

/** One training run of a study: networks × seeds, or one network's settings × seeds. */
export interface PlannedRun {
  /** "Inception-v4", "Inception-v4, seed 2", "scale 0.1, seed 2". */
  readonly title: string
  readonly folder: string
  readonly seed: number
  readonly settings: RunSettings
}

export interface ComparisonRun extends PlannedRun {
  readonly contestant: Contestant
}

export interface InstabilityRunPlan extends PlannedRun {
  readonly plan: InstabilityPlan
}

export const seedsOf = ({ comparison }: Preset, contestant: Contestant): readonly number[] =>
  contestant.seeds ?? comparison.seeds

/** The networks of figures 8 to 11 and the tables, seed by seed, so that an interrupted study has all of them once. */
export function comparisonRuns(options: MatrixOptions): ComparisonRun[] {
  const { preset, out } = options
  const { contestants, recipe } = preset.comparison
  const most = Math.max(...contestants.map(contestant => seedsOf(preset, contestant).length))
  return Array.from({ length: most }, (_, turn) =>
    contestants.flatMap((contestant): ComparisonRun[] => {
      const seeds = seedsOf(preset, contestant)
      const seed = seeds[turn]
      if (seed === undefined) return []
      const settings = settingsOf(options, contestant.model, recipe, seed)
      const { id, title } = networkOf(settings.model)
      return [
        {
          contestant,
          seed,
          title: seeds.length > 1 ? `${title}, seed ${seed}` : title,
          folder: path.join(out, id, `seed-${seed}`),
          settings: { ...settings, watchSteps: 50 },
        },
      ]
    }),
  ).flat()
}

/** One wide network, setting by setting. */
export function instabilityRuns(options: MatrixOptions): InstabilityRunPlan[] {
  const { instability } = options.preset
  if (!instability) return []
  const { model, recipe, steps, watchSteps, seeds, settings } = instability
  return settings.flatMap(plan =>
    seeds.map((seed): InstabilityRunPlan => {
      const { id, title, residualScale, extraNorm } = plan
      const own = { ...model, residualScale, ...(extraNorm && { extraNorm }) }
      return {
        plan,
        seed,
        title: seeds.length > 1 ? `${title}, seed ${seed}` : title,
        folder: path.join(options.out, 'instability', id, `seed-${seed}`),
        settings: {
          ...settingsOf(options, own, { ...recipe, ...plan.recipe }, seed),
          steps,
          watchSteps,
          // Once, at the end.
          evaluateEpochs: 1_000_000,
        },
      }
    }),
  )
}

function settingsOf(
  { data, labels, boxes, classes, backend, precision, passes }: MatrixOptions,
  model: Model,
  recipe: StudyRecipe,
  seed: number,
): Omit<RunSettings, 'watchSteps'> {
  return {
    model: { ...model, classes },
    recipe: { ...recipe, precision, seed },
    data,
    ...(labels && { labels }),
    ...(boxes && { boxes }),
    badImages: 'skip',
    backend,
    evaluateEpochs: 1,
    recompute: 'auto',
    passes,
  }
}

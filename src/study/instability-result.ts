import { modelOptions, networkOf } from '../networks/model-spec.js'
import { buildModel } from '../nn/model.js'
import { instabilityRuns, type MatrixOptions } from './matrix.js'
import type { InstabilityMatrix } from './presets/preset.js'
import { recipeEntries } from './recipe-notes.js'
import type { InstabilityResult, InstabilitySetting } from './result.js'
import { eventsOf, instabilityRunOf } from './run/outcome.js'

/** What the wide network did in each setting, from the logs of its runs; undefined when the study does not ask. */
export function instabilityResult(matrix: MatrixOptions): InstabilityResult | undefined {
  const plan = matrix.preset.instability
  if (!plan) return undefined
  const runs = instabilityRuns(matrix)
  const network = networkOf({ ...plan.model, classes: matrix.classes })
  return {
    network: network.id,
    title: network.title,
    model: describe(plan),
    filters: widestSum(plan, matrix.classes),
    steps: plan.steps,
    recipe: recipeEntries(plan.recipe, plan.notes),
    settings: plan.settings.map(
      (setting): InstabilitySetting => ({
        id: setting.id,
        title: setting.title,
        residualScale: setting.residualScale,
        remedy: setting.remedy ?? null,
        runs: runs.flatMap(run =>
          run.plan === setting ? (instabilityRunOf(run.seed, eventsOf(run.folder)) ?? []) : [],
        ),
      }),
    ),
  }
}

function describe({ model: { size, width, blocks } }: InstabilityMatrix): string {
  const counts = Object.entries(blocks ?? {}).map(([name, count]) => `${name} ${count}`)
  return `${size}×${size} pixels, width ${width}, blocks ${counts.join(', ') || 'as published'}`
}

/** Channels of the widest residual sum. */
function widestSum({ model }: InstabilityMatrix, classes: number): number {
  const built = buildModel(networkOf({ ...model, classes }), {
    ...modelOptions({ ...model, classes }),
    mode: 'eval',
    batch: 1,
  })
  return Math.max(0, ...[...built.residuals.values()].map(({ residual }) => residual.shape[1]!))
}

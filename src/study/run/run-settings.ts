import type { BackendName } from '../../backends/backend.js'
import { UserError } from '../../base/error.js'
import { reducePrecisions } from '../../communication/communicator.js'
import { type Augmentation, plainAugmentation, requireAugmentation } from '../../data/augmentation.js'
import type { BoxSource } from '../../data/box-source.js'
import { type BadImagePolicy, badImagePolicies } from '../../data/quarantine.js'
import { type LabelNumbering, labelNumberings } from '../../data/sources/class-names.js'
import { isJsonObject, type Json, type JsonObject } from '../../formats/json.js'
import { type PassName, passNames } from '../../graph/passes/pass-names.js'
import { type Recomputation, recomputations } from '../../graph/passes/recompute.js'
import { type ModelSpec, parseModelSpec } from '../../networks/model-spec.js'
import type { FineTuning } from '../../training/fine-tuning.js'
import { type OptionalPart, paperRecipe, type Recipe } from '../../training/recipe.js'

/** Everything needed to repeat a run: what `run.json` holds. */
export interface RunSettings {
  readonly model: ModelSpec
  readonly recipe: Recipe
  readonly data: string
  /** From which number classes count that are numbers. @default 'auto' */
  readonly labels?: LabelNumbering
  /** Whose boxes the crops of training look at. @default 'none' */
  readonly boxes?: BoxSource
  readonly badImages: BadImagePolicy
  readonly backend: BackendName
  readonly evaluateEpochs: number
  /** Steps between looks at the blocks; 0 for none. */
  readonly watchSteps: number
  /** Where it ends instead of after the recipe's epochs. */
  readonly steps?: number
  /** What is computed twice to save memory. */
  readonly recompute: Recomputation
  /** The optimisations that are on. */
  readonly passes: readonly PassName[]
  /** Whose weights it begins with. @default first values of its own */
  readonly fineTuning?: FineTuning
}

/** What the recipe's words can be. */
const choices: { readonly [K in 'optimizer' | 'colour' | 'precision']: readonly Recipe[K][] } = {
  optimizer: ['rmsprop', 'momentum'],
  colour: ['fast', 'full', 'none'],
  precision: ['f32', 'bf16'],
}

/** What the parts of a recipe can be that may be left out. */
const options: { readonly [K in Exclude<OptionalPart, 'augmentation'>]: (value: Json) => boolean } = {
  scaledDecoding: value => typeof value === 'boolean',
  syncBatchNorm: value => typeof value === 'boolean',
  baseBatch: value => typeof value === 'number' && value > 0,
  reducePrecision: value => reducePrecisions.some(known => known === value),
}

/** Reads a run's settings back from `run.json`. Errors: UserError when they are not complete. */
export function parseSettings(settings: JsonObject, folder: string): RunSettings {
  const where = `${folder}/run.json`
  const { recipe, data, labels, boxes, badImages, backend, evaluateEpochs, watchSteps, steps, recompute, passes } =
    settings
  if (!isJsonObject(recipe) || typeof data !== 'string')
    throw new UserError(`${where}: no recipe or data; it was not written by 'inception train'`)
  const { augmentation, ...numbers } = recipe
  const wrong =
    Object.entries(paperRecipe).find(([key, value]) => typeof recipe[key] !== typeof value)?.[0] ??
    Object.entries(choices).find(([key, values]) => !values.some(value => value === recipe[key]))?.[0] ??
    Object.entries(options).find(([key, may]) => recipe[key] !== undefined && !may(recipe[key]!))?.[0]
  if (wrong)
    throw new UserError(
      `${where}: recipe.${wrong} is missing or not what it can be; it was not written by this version`,
    )
  return {
    model: parseModelSpec(settings.model, where),
    recipe: {
      ...(numbers as unknown as Recipe),
      ...(augmentation !== undefined && {
        augmentation: parseAugmentation(augmentation, numbers.colour as Recipe['colour'], where),
      }),
    },
    data,
    ...(labels !== undefined && { labels: parseLabels(labels, where) }),
    ...(boxes !== undefined && { boxes: parseBoxes(boxes, where) }),
    badImages: badImagePolicies.find(known => known === badImages) ?? 'error',
    backend: backend === 'onednn' || backend === 'reference' ? backend : 'auto',
    evaluateEpochs: typeof evaluateEpochs === 'number' ? evaluateEpochs : 1,
    watchSteps: typeof watchSteps === 'number' ? watchSteps : 50,
    ...(typeof steps === 'number' && { steps }),
    recompute: recomputations.find(known => known === recompute) ?? 'auto',
    passes: Array.isArray(passes) ? passNames.filter(name => passes.includes(name)) : passNames,
    ...(settings.fineTuning !== undefined && { fineTuning: parseFineTuning(settings.fineTuning, where) }),
  }
}

function parseAugmentation(value: JsonObject[string], colour: Recipe['colour'], where: string): Augmentation {
  const given = isJsonObject(value) ? value : {}
  const wrong = Object.entries(plainAugmentation).find(([key, plain]) => typeof given[key] !== typeof plain)?.[0]
  if (wrong)
    throw new UserError(
      `${where}: recipe.augmentation.${wrong} is not what it can be; it was not written by this version`,
    )
  const augmentation = given as unknown as Augmentation
  try {
    requireAugmentation(augmentation, colour)
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${where}: ${error.message}`) : error
  }
  return augmentation
}

function parseLabels(value: JsonObject[string], where: string): LabelNumbering {
  const numbering = labelNumberings.find(known => known === value)
  if (!numbering) throw new UserError(`${where}: labels is not what it can be; it was not written by this version`)
  return numbering
}

function parseBoxes(value: JsonObject[string], where: string): BoxSource {
  if (value === 'data' || value === 'none') return value
  const { file, sha256 } = isJsonObject(value) ? value : {}
  if (typeof file !== 'string' || typeof sha256 !== 'string')
    throw new UserError(`${where}: boxes is not what it can be; it was not written by this version`)
  return { file, sha256 }
}

function parseFineTuning(value: JsonObject[string], where: string): FineTuning {
  const { file, sha256, newClasses, freeze, headOnlyEpochs } = isJsonObject(value) ? value : {}
  const scopes = Array.isArray(freeze) ? freeze.filter(scope => typeof scope === 'string') : []
  if (
    typeof file !== 'string' ||
    typeof sha256 !== 'string' ||
    typeof newClasses !== 'boolean' ||
    typeof headOnlyEpochs !== 'number' ||
    !Array.isArray(freeze) ||
    scopes.length !== freeze.length
  )
    throw new UserError(`${where}: fineTuning is not what it can be; it was not written by this version`)
  return { file, sha256, newClasses, freeze: scopes, headOnlyEpochs }
}

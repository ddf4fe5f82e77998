import type { SynthSettings } from '../../data/synth/settings.js'
import {
  choice,
  type Form,
  fields,
  line,
  list,
  optional,
  partial,
  type Read,
  realNumber,
  record,
  text,
  truth,
  wholeNumber,
} from '../../formats/json-reader.js'
import { classifiers, findNetwork } from '../../networks/networks.js'
import { extraNorms } from '../../nn/scope.js'
import type { EnsembleMember, Remedy, Role } from '../result.js'
import type {
  Comparison,
  Contestant,
  CropPlan,
  EnsemblePlan,
  FootprintPlan,
  InstabilityMatrix,
  InstabilityPlan,
  Model,
  Preset,
  StudyRecipe,
} from './preset.js'

// The form of a preset's JSON: types and ranges, key by key. What contradicts what is for check-preset.ts.

const seed = wholeNumber(0)
const seeds = list(seed, 1)
const atLeastOne = wholeNumber(1)
const share = realNumber({ least: 0, most: 1 })
const positive = realNumber({ above: 0 })
const notNegative = realNumber({ least: 0 })

const folderName = text(/^[\w-]{1,100}$/, 'a name of letters, digits, - and _, since a folder is named so')
const settingId = text(/^\w[\w.-]{0,99}$/, 'a name of letters, digits, ., - and _, since a folder is named so')

const networkId = choice(
  'network',
  classifiers.map(({ id }) => id),
)

// The ranges of 'inception train'.
const recipe: { readonly [K in keyof StudyRecipe]: Read<StudyRecipe[K]> } = {
  epochs: realNumber({ above: 0, most: 1e6 }),
  batch: atLeastOne,
  optimizer: choice('optimizer', ['rmsprop', 'momentum']),
  decay: share,
  epsilon: notNegative,
  momentum: share,
  learningRate: positive,
  learningRateFactor: realNumber({ above: 0, most: 1 }),
  learningRateEpochs: positive,
  warmupEpochs: notNegative,
  clipNorm: positive,
  averageDecay: share,
  normDecay: share,
  labelSmoothing: share,
  weightDecay: notNegative,
  keep: realNumber({ above: 0, most: 1 }),
  auxiliary: notNegative,
  colour: choice('colour mode', ['fast', 'full', 'none']),
}

const notes = fields(
  partial(
    Object.fromEntries(Object.keys(recipe).map(key => [key, line(500)])) as Record<keyof StudyRecipe, Read<string>>,
  ),
)

const givenModel = fields<Partial<Model> & Pick<Model, 'network'>>({
  network: networkId,
  size: optional(wholeNumber(1, 10_000)),
  width: optional(realNumber({ least: 0.01, most: 100 })),
  residualScale: optional(notNegative),
  // As many as the command line allows.
  blocks: optional(record(wholeNumber(1, 1000))),
  normScale: optional(truth),
  extraNorm: optional(choice('extra norm', extraNorms)),
})

/** Published size and width where the model does not say. */
const model: Read<Model> = at => {
  const { network, ...own } = givenModel(at)
  return { network, size: findNetwork(network).size, width: 1, normScale: true, ...own }
}

/** Words in the order written; the map is total, so none can be forgotten. */
const words = <T extends string>(all: Readonly<Record<T, true>>) => Object.keys(all) as T[]

const role = choice('role', words<Role>({ smaller: true, larger: true, comparator: true }))
const remedy = choice(
  'remedy',
  words<Remedy>({ 'lower learning rate': true, 'extra batch norm': true, 'warm-up': true }),
)
const crops = choice('crops', words<CropPlan['name']>({ '10': true, '12': true, '144': true, dense: true }))

const comparison = fields<Comparison>({
  contestants: list(fields<Contestant>({ role, model, seeds: optional(seeds) }), 1),
  seeds,
  recipe: fields<StudyRecipe>(recipe),
  notes,
  crops: list(fields<CropPlan>({ name: crops, images: optional(atLeastOne) })),
  ensembles: list(
    fields<EnsemblePlan>({ members: list(fields<EnsembleMember>({ network: networkId, seed }), 2), crops: line(10) }),
  ),
})

const instability = fields<InstabilityMatrix>({
  model,
  recipe: fields<StudyRecipe>(recipe),
  notes,
  steps: atLeastOne,
  watchSteps: atLeastOne,
  seeds,
  settings: list(
    fields<InstabilityPlan>({
      id: settingId,
      title: line(100),
      residualScale: notNegative,
      remedy: optional(remedy),
      recipe: optional(fields(partial(recipe))),
      extraNorm: optional(choice('extra norm', ['last'])),
    }),
    1,
  ),
})

const footprint = fields<FootprintPlan>({
  networks: list(networkId, 1),
  withSumNorms: list(networkId),
  batch: atLeastOne,
  steps: atLeastOne,
})

// Ranges are those of the drawing itself: see requireSynthSettings.
const synth = fields<SynthSettings>({
  seed: realNumber(),
  train: realNumber(),
  val: realNumber(),
  classes: realNumber(),
  size: realNumber(),
  difficulty: realNumber(),
})

const preset: Form<Preset> = {
  name: folderName,
  synth: optional(synth),
  lanes: optional(wholeNumber(1, 1024)),
  comparison,
  instability: optional(instability),
  footprint: optional(footprint),
}

export const presetKeys = Object.keys(preset)

/** Reads a whole preset. Errors: UserError for what is missing, unknown, of another type or out of range. */
export const presetForm: Read<Preset> = fields<Preset>(preset)

import { UserError } from '../../base/error.js'
import { requireSynthSettings } from '../../data/synth/folder.js'
import { JsonPlace } from '../../formats/json-reader.js'
import { modelOptions, networkOf } from '../../networks/model-spec.js'
import { findNetwork } from '../../networks/networks.js'
import { buildModel } from '../../nn/model.js'
import { type EnsembleMember, type Remedy, subjectId } from '../result.js'
import type {
  Comparison,
  FootprintPlan,
  InstabilityMatrix,
  InstabilityPlan,
  Model,
  Preset,
  StudyRecipe,
} from './preset.js'
import { presetForm } from './preset-form.js'

/**
 * The preset that `value` is, in the order of its form, once nothing in it contradicts anything else. `where` stands at
 * the head of every message: the file, or "preset small".
 * Errors: UserError (exit code 2) that says what is wrong, at which key, and what to do.
 */
export function checkPreset(value: unknown, where: string): Preset {
  const root = new JsonPlace(value, where)
  const preset = presetForm(root)
  const { synth, comparison, instability, footprint } = preset
  if (synth) within(root.child('synth'), () => requireSynthSettings(synth))
  const check = { images: synth?.train }
  checkComparison(comparison, root.child('comparison'), check)
  if (instability) checkInstability(instability, root.child('instability'), check)
  if (footprint) checkFootprint(footprint, root.child('footprint'))
  return preset
}

/** What the parts of a preset must agree with. */
interface Context {
  /** Training images; undefined where they are the user's. */
  readonly images: number | undefined
}

function checkComparison(comparison: Comparison, at: JsonPlace, context: Context): void {
  const { contestants, seeds, recipe, crops } = comparison
  const places = at.child('contestants')
  expectDistinct(
    contestants.map(({ model }) => model.network),
    places,
    network => `${network} is there twice, and a study compares each network with others: leave one out`,
  )
  // The claims are about pairs of one residual and one pure network; comparators are in no pair.
  expectDistinct(
    contestants.map(({ role, model }) =>
      role === 'comparator' ? model.network : `${findNetwork(model.network).residual ? 'residual' : 'pure'} ${role}`,
    ),
    places,
    kind =>
      `there is another ${kind} network, and a pair has one of each kind: give another role, such as "comparator"`,
  )
  expectDistinctSeeds(seeds, at)
  for (const [i, contestant] of contestants.entries()) {
    checkModel(contestant.model, recipe, places.child(i).child('model'))
    if (contestant.seeds) expectDistinctSeeds(contestant.seeds, places.child(i))
  }
  checkBatch(recipe, at.child('recipe'), context)
  expectDistinct(
    crops.map(({ name }) => name),
    at.child('crops'),
    name => `the crops "${name}" are there twice: leave one out`,
  )
  checkEnsembles(comparison, at.child('ensembles'))
}

function checkEnsembles({ contestants, seeds, crops, ensembles }: Comparison, at: JsonPlace): void {
  const runs = new Set(
    contestants.flatMap(({ model: { network }, seeds: own = seeds }) => own.map(seed => subjectId({ network, seed }))),
  )
  const known = ['1', ...crops.map(({ name }) => name)]
  for (const [i, { members, crops: own }] of ensembles.entries()) {
    const place = at.child(i)
    expectDistinct(members.map(subjectId), place.child('members'), id => `${id} is there twice: leave one out`)
    for (const [j, member] of members.entries())
      if (!runs.has(subjectId(member)))
        place
          .child('members')
          .child(j)
          .fail(
            `no run trains ${member.network} with seed ${member.seed}: add it to the comparison, or give other "ensembles" ([] for none)`,
          )
    if (!known.includes(own))
      place
        .child('crops')
        .fail(`"${own}" is not among the comparison's crops: add it there, or give one of ${known.join(', ')}`)
  }
  const idOf = (members: readonly EnsembleMember[]) => members.map(subjectId).sort().join(' + ')
  expectDistinct(
    ensembles.map(({ members, crops: own }) => `${idOf(members)} with crops "${own}"`),
    at,
    id => `${id} is there twice: leave one out`,
  )
}

function checkInstability(matrix: InstabilityMatrix, at: JsonPlace, context: Context): void {
  const { model, recipe, steps, watchSteps, seeds, settings } = matrix
  checkModel(model, recipe, at.child('model'))
  if (!hasSums(model))
    at.child('model')
      .child('network')
      .fail(`${model.network} has no residual connections whose scale could be set: give an Inception-ResNet`)
  if (model.residualScale !== undefined)
    at.child('model').child('residualScale').fail('every setting has its own: leave it out here')
  if (steps < watchSteps)
    at.child('watchSteps').fail(
      `${watchSteps} is more than the ${steps} steps, so no block would be looked at: lower it`,
    )
  expectDistinctSeeds(seeds, at)
  checkBatch(recipe, at.child('recipe'), context)
  expectDistinct(
    // Some file systems make no difference between capitals and small letters.
    settings.map(({ id }) => id.toLowerCase()),
    at.child('settings'),
    id => `the id "${id}" is there twice, and runs are kept under it: give another`,
  )
  for (const [i, plan] of settings.entries()) checkSetting(plan, matrix, at.child('settings').child(i), context)
  // One is as good as all: only whether there is an auxiliary head changes what can be built.
  const headed = settings.findIndex(plan => (plan.recipe?.auxiliary ?? 0) > 0)
  if (headed >= 0)
    within(at.child('settings').child(headed), () => build(model, { ...recipe, ...settings[headed]!.recipe }))
}

function checkSetting(plan: InstabilityPlan, { recipe }: InstabilityMatrix, at: JsonPlace, context: Context): void {
  if (plan.recipe) checkBatch({ ...recipe, ...plan.recipe }, at.child('recipe'), context)
  if (plan.remedy && !tries[plan.remedy](plan, recipe))
    at.child('remedy').fail(
      `"${plan.remedy}" is not what this setting changes: give it ${remedyKeys[plan.remedy]}, or leave the remedy out`,
    )
}

/** Whether a setting does what it is said to try; the report judges it by that word. */
const tries: Readonly<Record<Remedy, (plan: InstabilityPlan, recipe: StudyRecipe) => boolean>> = {
  'lower learning rate': ({ recipe }, { learningRate }) => (recipe?.learningRate ?? learningRate) < learningRate,
  'extra batch norm': ({ extraNorm }) => extraNorm !== undefined,
  'warm-up': ({ recipe }, { warmupEpochs }) => (recipe?.warmupEpochs ?? warmupEpochs) > warmupEpochs,
}

const remedyKeys: Readonly<Record<Remedy, string>> = {
  'lower learning rate': "a recipe.learningRate below the matrix's",
  'extra batch norm': '"extraNorm": "last"',
  'warm-up': "more recipe.warmupEpochs than the matrix's",
}

function checkFootprint({ networks, withSumNorms }: FootprintPlan, at: JsonPlace): void {
  const twice = (network: string) => `${network} is there twice: leave one out`
  expectDistinct(networks, at.child('networks'), twice)
  expectDistinct(withSumNorms, at.child('withSumNorms'), twice)
  for (const [i, network] of withSumNorms.entries()) {
    const place = at.child('withSumNorms').child(i)
    if (!hasSums({ network, size: findNetwork(network).size, width: 1, normScale: true }))
      place.fail(`${network} has no residual connections whose sums could have norms: leave it out`)
    if (!networks.includes(network))
      place.fail(`${network} is not among footprint.networks, to compare it with: add it there, or leave it out`)
  }
}

/** That the network can be built, and that what is said of residual connections finds some. */
function checkModel(model: Model, recipe: StudyRecipe, at: JsonPlace): void {
  within(at, () => build(model, recipe))
  const key = model.residualScale !== undefined ? 'residualScale' : model.extraNorm === 'sums' ? 'extraNorm' : undefined
  if (key && !hasSums(model))
    at.child(key).fail(`${model.network} has no residual connections that it could change: leave it out`)
}

/** Any number of classes: the data decide, and no shape but the last depends on it. */
const specOf = (model: Model) => ({ ...model, classes: 2 })

function build(model: Model, { batch, keep, auxiliary }: StudyRecipe) {
  const spec = specOf(model)
  const network = networkOf(spec)
  if (auxiliary > 0 && !network.auxiliary)
    throw new UserError(`${network.id} has no auxiliary head: leave it out, or give the recipe "auxiliary": 0`, 2)
  return buildModel(network, { ...modelOptions(spec), mode: 'train', batch, keep, auxiliary: auxiliary > 0 })
}

/** Whether the network has residual sums that a scale and norms can be given to. */
const hasSums = (model: Model): boolean =>
  buildModel(networkOf(specOf(model)), { ...modelOptions(specOf(model)), mode: 'eval', batch: 1 }).residuals.size > 0

function checkBatch({ batch }: StudyRecipe, at: JsonPlace, { images }: Context): void {
  if (images !== undefined && batch > images)
    at.child('batch').fail(
      `a batch of ${batch} is more than the ${images} training images of synth: lower it, or raise synth.train`,
    )
}

const expectDistinctSeeds = (seeds: readonly number[], at: JsonPlace) =>
  expectDistinct(
    seeds,
    at.child('seeds'),
    seed => `seed ${seed} is there twice, and would train the same run: leave one out`,
  )

/** Fails at the first item that equals an earlier one. */
function expectDistinct<T>(items: readonly T[], at: JsonPlace, complaint: (item: T) => string): void {
  const seen = new Set<T>()
  for (const [i, item] of items.entries()) {
    if (seen.has(item)) at.child(i).fail(complaint(item))
    seen.add(item)
  }
}

/** What a lower floor has to say against it, with its place. */
function within(at: JsonPlace, check: () => unknown): void {
  try {
    check()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    at.fail(error.message)
  }
}

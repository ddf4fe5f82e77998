import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { openBackend } from '../../src/backends/open.js'
import { UserError } from '../../src/base/error.js'
import { writeSynth } from '../../src/data/synth/folder.js'
import { variablesIn } from '../../src/graph/ops/source.js'
import { allPasses, type Passes } from '../../src/graph/passes/pass-names.js'
import { modelOptions, networkOf } from '../../src/networks/model-spec.js'
import { openDataSets, type RunOptions, trainInFolder } from '../../src/study/run/run.js'
import { parseSettings, type RunSettings } from '../../src/study/run/run-settings.js'
import { readCheckpoint } from '../../src/training/checkpoint.js'
import { decodeState } from '../../src/training/checkpoint-state.js'
import type { TrainingEvent } from '../../src/training/events.js'
import { type FineTuning, fineTuningFrom, sourceOf, takeOver, within } from '../../src/training/fine-tuning.js'
import { fineTuningRecipe } from '../../src/training/recipe.js'
import { readSettings } from '../../src/training/run-folder.js'
import { readEventLog } from '../../src/training/sinks/jsonl.js'
import { buildTrainingStep } from '../../src/training/step.js'
import { drawTinyData, rewriteCheckpoint, sha256, temporaryFolder, tinySettings, tinySynth } from './tiny-run.js'

// One thread: kernels this short lose more by waiting for each other than they gain.
process.env.OMP_NUM_THREADS = '1'

const root = temporaryFolder()
// Kernels chosen by measured times differ in the memory that they take, from run to run.
const backend = openBackend('auto', () => {}, { passes: new Set([...allPasses].filter(name => name !== 'tune')) })
const known = await openDataSets(await drawTinyData(path.join(root, 'known')))
await writeSynth(path.join(root, 'new'), { ...tinySynth, classes: 4, seed: 2 })
const fresh = await openDataSets(path.join(root, 'new'))

const checkpoint = (name: string, step: number) =>
  path.join(root, name, 'checkpoints', `step-${String(step).padStart(8, '0')}.safetensors`)

const base = tinySettings(known)
await trainInFolder(
  { ...base, recipe: { ...base.recipe, epochs: 1 } },
  { folder: path.join(root, 'origin'), resume: false, backend, data: known, sinks: [], resumeCommand: 'again' },
)
const originFile = checkpoint('origin', 6)
const fineTuning = (more: Partial<FineTuning> = {}): FineTuning => ({
  ...fineTuningFrom({ file: originFile }, { newClasses: true }),
  ...more,
})

/** Two epochs of six steps on four classes, looked at after each step. */
const settings: RunSettings = {
  ...tinySettings(fresh),
  recipe: { ...fineTuningRecipe(2), batch: 4, seed: 5, precision: 'f32' },
  watchSteps: 1,
}

const run = (
  name: string,
  changed: Partial<FineTuning> | undefined,
  { recipe, ...options }: Partial<RunOptions> & { recipe?: Partial<RunSettings['recipe']> } = {},
) =>
  trainInFolder(
    { ...settings, recipe: { ...settings.recipe, ...recipe }, fineTuning: fineTuning(changed) },
    {
      folder: path.join(root, name),
      resume: false,
      backend,
      data: fresh,
      sinks: [],
      resumeCommand: 'again',
      ...options,
    },
  )

/** The tensors of a checkpoint by name. */
function tensorsOf(file: string): ReadonlyMap<string, Buffer> {
  using read = readCheckpoint(file)
  return new Map(read.names.map(name => [name, Buffer.from(read.tensor(name).bytes)]))
}

/** Names of the tensors of `later` that are those of `earlier`, bit for bit; the earlier ones under `nameOf`. */
function kept(
  earlier: ReadonlyMap<string, Buffer>,
  later: ReadonlyMap<string, Buffer>,
  nameOf = (name: string) => name,
): string[] {
  return [...later].flatMap(([name, bytes]) => (earlier.get(nameOf(name))?.equals(bytes) ? [name] : []))
}

const origin = tensorsOf(originFile)
const averageIn = (name: string) => `average/${name.replace('average/', '')}`
const isWeight = (name: string) => !/^(slot|average)\//.test(name)

test('frozen scopes keep every bit and have no slots; the rest is trained, also what lies before them', async () => {
  const last = await run('frozen', { freeze: ['stem.conv_2a', 'resnet_b', 'resnet_c.0.branch_0'] })
  assert.equal(last.type, 'done')
  const later = tensorsOf(checkpoint('frozen', 12))
  const isFrozen = within(['stem.conv_2a', 'resnet_b', 'resnet_c.0.branch_0'])
  const frozen = [...later.keys()].filter(name => isFrozen(name.replace('average/', '')))
  assert.ok(frozen.some(name => name.endsWith('norm.variance')) && frozen.length > 30)
  assert.deepEqual(kept(origin, later, averageIn).sort(), frozen.sort())
  const slots = [...later.keys()].filter(name => name.startsWith('slot/'))
  assert.ok(slots.includes('slot/momentum/stem.conv_1a.weights'))
  assert.ok(!slots.some(name => isFrozen(name.replace(/^slot\/\w+\//, ''))))
})

test('what lies before the first trained layer has no backward part, and its norms go into its convolutions', () => {
  const build = (freeze: readonly string[]) =>
    buildTrainingStep(networkOf(settings.model), settings.recipe, modelOptions(settings.model), {
      frozen: within(freeze),
    }).graph.nodes
  const inScope = (nodes: ReturnType<typeof build>, scope: string, word: string) =>
    nodes.filter(node => within([scope])(node.scope) && node.op.name.includes(word))
  const [all, some] = [build([]), build(['stem', 'resnet_a'])]
  assert.ok(inScope(all, 'stem', 'Backward').length > 0)
  for (const scope of ['stem', 'resnet_a']) {
    assert.deepEqual(inScope(some, scope, 'Backward'), [])
    assert.deepEqual(inScope(some, scope, 'batchNorm'), [])
  }
  const asked = (nodes: typeof all) => inScope(nodes, 'reduction_a', 'BackwardData').length
  assert.ok(asked(some) > 0 && asked(some) < asked(all), 'nobody asks for the gradient of what is frozen')
})

test('the passes, which treat frozen layers as in inference, change no gradient beyond rounding', () => {
  const frozen = within(['resnet_a', 'resnet_b', 'reduction_b'])
  const normsWith = (passes: Passes) => {
    const step = buildTrainingStep(networkOf(settings.model), settings.recipe, modelOptions(settings.model), {
      passes,
      frozen,
    })
    using store = backend.createStore()
    using program = backend.compile(step.graph, { outputs: [step.norms], store, seed: 1, tune: false })
    const images = program.input('images')
    for (let i = 0; i < images.length; i++) images[i] = Math.sin(i * i)
    program.input('labels').set([0, 1, 2, 3])
    program.run()
    return program.read(step.norms)
  }
  const [plain, optimised] = [normsWith(new Set()), normsWith(allPasses)]
  assert.ok(plain.every(norm => norm > 0))
  for (const [i, norm] of plain.entries()) assert.ok(Math.abs(optimised[i]! - norm) < 1e-3 * norm, `norm ${i}`)
})

test('while the head alone is trained nothing else moves; then the rest joins with slots of its own', async () => {
  await run('head', { headOnlyEpochs: 1 })
  const [early, late] = [tensorsOf(checkpoint('head', 6)), tensorsOf(checkpoint('head', 12))]
  const weights = [...early.keys()].filter(isWeight)
  const body = weights.filter(name => !name.startsWith('logits.'))
  assert.deepEqual(kept(origin, early, averageIn).filter(isWeight).sort(), body.sort())
  assert.deepEqual(
    kept(early, late).filter(name => !name.startsWith('slot/')),
    [],
  )
  const slots = (tensors: typeof early) => [...tensors.keys()].filter(name => name.startsWith('slot/momentum/'))
  assert.deepEqual(slots(early), ['slot/momentum/logits.bias', 'slot/momentum/logits.weights'])
  assert.ok(slots(late).length > 50)
  const phases = readEventLog(path.join(root, 'head', 'events.jsonl')).filter(event => event.type === 'phase')
  assert.deepEqual(
    phases.map(({ step, trained, parameters }) => [step, trained === parameters]),
    [
      [0, false],
      [6, true],
    ],
  )
  const [alone, whole] = phases.map(({ memoryBytes }) => memoryBytes)
  assert.ok(alone! < 0.7 * whole!, `the head alone needs little memory, not ${alone} of ${whole} bytes`)
})

test('a run stopped before, at and after the switch ends with the same bits', async () => {
  const stopAfter = (step: number): Pick<RunOptions, 'signal' | 'sinks'> => {
    const controller = new AbortController()
    const write = (event: TrainingEvent) => {
      if (event.type === 'watch' && event.step === step) controller.abort()
    }
    return { signal: controller.signal, sinks: [{ write, async close() {} }] }
  }
  for (const [asked, stopped] of [
    [3, 4],
    [5, 6],
    // Asked before the evaluation that an epoch ends with, it does not evaluate first.
    [6, 6],
    [7, 8],
  ] as const) {
    const name = `asked at ${asked}`
    const last = await run(name, { headOnlyEpochs: 1 }, stopAfter(asked))
    assert.deepEqual([last.type, 'step' in last && last.step], ['interrupted', stopped])
    assert.equal((await run(name, { headOnlyEpochs: 1 }, { resume: true })).type, 'done')
    assert.equal(sha256(checkpoint(name, 12)), sha256(checkpoint('head', 12)), name)
    const phases = readEventLog(path.join(root, name, 'events.jsonl')).filter(event => event.type === 'phase')
    assert.deepEqual(
      phases.map(({ step }) => step),
      [0, 6],
      name,
    )
  }
})

test('a frozen auxiliary head is taken over, also where the first phase has no use for it', async () => {
  const withHead: RunSettings = {
    ...settings,
    model: { ...settings.model, size: 299 },
    recipe: { ...settings.recipe, auxiliary: 0.4 },
    watchSteps: 0,
  }
  const options = { resume: false, backend, data: fresh, sinks: [], resumeCommand: 'again' }
  const go = (name: string, steps: number, fineTuning: FineTuning) =>
    trainInFolder({ ...withHead, steps, fineTuning }, { ...options, folder: path.join(root, name) })
  await go('with head', 1, fineTuning())
  const [before, freeze] = [checkpoint('with head', 1), ['auxiliary']]
  await go('frozen head', 2, fineTuningFrom({ file: before }, { freeze, headOnlyEpochs: 1 / 6 }))
  const later = tensorsOf(checkpoint('frozen head', 2))
  const head = [...later.keys()].filter(name => /^(average\/)?auxiliary\./.test(name))
  assert.ok(head.length > 10)
  assert.deepEqual(kept(tensorsOf(before), later, averageIn).sort(), head.sort())
})

test('a run records what it began with, in its settings and in its checkpoints', () => {
  const { fineTuning } = parseSettings(readSettings(path.join(root, 'head')), 'head')
  assert.deepEqual(fineTuning, {
    file: originFile,
    sha256: sha256(originFile),
    newClasses: true,
    freeze: [],
    headOnlyEpochs: 1,
  })
  for (const name of ['head', 'asked at 3']) {
    using last = readCheckpoint(checkpoint(name, 12))
    const { source, classNames } = decodeState(last)
    assert.deepEqual(source, {
      file: 'step-00000006.safetensors',
      sha256: sha256(originFile),
      from: 'step 6 of inception-resnet-v1',
    })
    assert.deepEqual(classNames, fresh.train.classes)
    assert.equal(
      sourceOf(last, fineTuning!).from,
      'step 12 of inception-resnet-v1 (step 6 of inception-resnet-v1)',
      'what begins with this one names both',
    )
  }
})

/** A store with a network's weights as they are taken over from a checkpoint. */
function takenOver(file: string, newClasses: boolean, auxiliary = false) {
  const model = { ...settings.model, classes: newClasses ? 4 : 3, ...(auxiliary && { size: 299 }) }
  const recipe = { ...settings.recipe, auxiliary: auxiliary ? 0.4 : 0 }
  const weights = variablesIn(buildTrainingStep(networkOf(model), recipe, modelOptions(model)).graph).filter(
    ({ role }) => role === 'parameter' || role === 'statistic',
  )
  const store = backend.createStore()
  for (const variable of weights) store.declare(variable, 1)
  using checkpoint = readCheckpoint(file)
  takeOver(store, weights, checkpoint, newClasses ? fresh.train : known.train, { newClasses })
  return (name: string) => Float32Array.from(store.data(name))
}

test('classes in another order keep their rows, new ones begin at zero, and so do those of a head that was not there', () => {
  const permuted = path.join(root, 'permuted.safetensors')
  copyFileSync(originFile, permuted)
  const [a, b, c] = known.train.classes
  rewriteCheckpoint(permuted, { classNames: [c, a, b] })
  const [plain, moved] = [takenOver(originFile, false), takenOver(permuted, false)]
  const features = plain('logits.weights').length / 3
  const row = (numbers: Float32Array, i: number) => [...numbers.subarray(i * features, (i + 1) * features)]
  for (const [i, from] of [1, 2, 0].entries()) {
    assert.deepEqual(row(moved('logits.weights'), i), row(plain('logits.weights'), from))
    assert.equal(moved('logits.bias')[i], plain('logits.bias')[from])
  }
  assert.deepEqual(moved('stem.conv_1a.weights'), plain('stem.conv_1a.weights'))

  const anew = takenOver(originFile, true, true)
  assert.deepEqual(anew('stem.conv_1a.weights'), plain('stem.conv_1a.weights'))
  for (const head of ['logits.weights', 'logits.bias', 'auxiliary.logits.weights'])
    assert.ok(anew(head).every(value => value === 0))
  assert.ok(anew('auxiliary.conv_2a.weights').every(value => value !== 0))
})

test('weights without running averages are taken as they are', () => {
  const bare = path.join(root, 'bare.safetensors')
  copyFileSync(originFile, bare)
  rewriteCheckpoint(bare, {}, undefined, isWeight)
  const got = takenOver(bare, false)('stem.conv_1a.weights')
  assert.ok(Buffer.from(got.buffer).equals(origin.get('stem.conv_1a.weights')!))
})

test('what cannot be fine-tuned is refused in one line, and no folder is made', async () => {
  const refused = async (changed: Partial<FineTuning>, message: RegExp) =>
    await assert.rejects(
      run('refused', changed),
      (error: unknown) => error instanceof UserError && message.test(error.message) && !error.message.includes('\n'),
    )
  await refused({ newClasses: false }, /is of 3 classes and .*new\/train has 4: .* add --classes-from-data/)
  await refused({ freeze: ['stme'] }, /no weights lie under 'stme': did you mean 'stem'\? There are stem, resnet_a, /)
  await refused({ freeze: ['resnet'] }, /no weights lie under 'resnet'/)
  await refused({ freeze: ['logits'] }, /'logits.weights' is new and would stay zero/)
  const stages = 'stem,resnet_a,reduction_a,resnet_b,reduction_b,resnet_c,logits'.split(',')
  await refused({ freeze: stages }, /everything is frozen/)
  await refused({ sha256: '0'.repeat(64) }, /is not the checkpoint that the run was made for/)
  await refused({ file: path.join(root, 'gone.safetensors') }, /gone\.safetensors/)
  assert.throws(() => readSettings(path.join(root, 'refused')), UserError)
})

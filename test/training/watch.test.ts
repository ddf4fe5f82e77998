import assert from 'node:assert/strict'
import { cpSync, rmSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { openBackend } from '../../src/backends/open.js'
import { UserError } from '../../src/base/error.js'
import { variableOf } from '../../src/graph/ops/source.js'
import { modelOptions, networkOf } from '../../src/networks/model-spec.js'
import { buildModel } from '../../src/nn/model.js'
import { openDataSets, type RunOptions, trainInFolder } from '../../src/study/run/run.js'
import type { RunSettings } from '../../src/study/run/run-settings.js'
import { readCheckpoint } from '../../src/training/checkpoint.js'
import { decodeState } from '../../src/training/checkpoint-state.js'
import type { Sink, TrainingEvent, WatchEvent } from '../../src/training/events.js'
import { readEventLog } from '../../src/training/sinks/jsonl.js'
import { isSilent, Watch } from '../../src/training/watch.js'
import { drawTinyData, rewriteCheckpoint, sha256, silence, temporaryFolder, tinySettings } from './tiny-run.js'

// One thread: kernels this short lose more by waiting for each other than they gain.
process.env.OMP_NUM_THREADS = '1'

const root = temporaryFolder()
const data = await openDataSets(await drawTinyData(path.join(root, 'data')))
const backend = openBackend('auto', () => {})
const settings = tinySettings(data)

const run = (name: string, changed: Partial<RunSettings> = {}, options: Partial<RunOptions> = {}) =>
  trainInFolder(
    { ...settings, ...changed },
    { folder: path.join(root, name), resume: false, backend, data, sinks: [], resumeCommand: 'again', ...options },
  )

const checkpoint = (name: string, step: number) =>
  path.join(root, name, 'checkpoints', `step-${String(step).padStart(8, '0')}.safetensors`)
const logOf = (name: string) => readEventLog(path.join(root, name, 'events.jsonl'))
const looksOf = (name: string) => logOf(name).filter(event => event.type === 'watch')
/** The log without the clock, and without the steps that chance to be told. */
const course = (name: string) =>
  logOf(name).flatMap(event => {
    if (event.type === 'step' || event.type === 'start') return []
    const { time, ...rest } = event
    if ('seconds' in rest) rest.seconds = 0
    if ('waitShare' in rest) rest.waitShare = 0
    return [{ ...rest, ...('file' in rest && { file: path.basename(rest.file) }) }]
  })
const isSilentIn = (file: string) => {
  using saved = readCheckpoint(file)
  return decodeState(saved).silent ?? false
}

/** Stops a run in the step after the event that is looked for. */
function stopAfter(isIt: (event: TrainingEvent) => boolean): { signal: AbortSignal; sinks: Sink[] } {
  const controller = new AbortController()
  const write = (event: TrainingEvent) => {
    if (isIt(event)) controller.abort()
  }
  return { signal: controller.signal, sinks: [{ write, async close() {} }] }
}

/** Four epochs of six steps, looked at in every fourth; weight decay would be a gradient of what has died, too. */
const longer: Partial<RunSettings> = { recipe: { ...settings.recipe, epochs: 4, weightDecay: 0 } }
await run('watched', longer)

test('a run that is watched has the same bits as one that is not', async () => {
  await run('unwatched', { ...longer, watchSteps: 0 })
  assert.deepEqual(looksOf('unwatched'), [])
  assert.equal(sha256(checkpoint('watched', 24)), sha256(checkpoint('unwatched', 24)))
})

test('every look tells of every block, with the loss of its step', () => {
  const looks = looksOf('watched')
  assert.deepEqual(
    looks.map(({ step }) => step),
    [4, 8, 12, 16, 20, 24],
  )
  const told = new Set(logOf('watched').flatMap(event => (event.type === 'step' ? [event.step] : [])))
  for (const { step, layer, zeroShare, magnitude, residualRatio, blocks } of looks) {
    assert.ok(told.has(step), `step ${step} is told`)
    assert.equal(layer, 'resnet_c.0')
    const names = blocks.map(({ name }) => name)
    for (const name of ['stem.conv_1a', 'resnet_a.0', 'reduction_a', 'resnet_b.0', 'reduction_b', 'resnet_c.0'])
      assert.ok(names.includes(name), name)
    assert.ok(!names.includes('resnet_a') && !names.includes('stem'), 'a stage is its blocks')
    for (const block of blocks) {
      assert.ok(block.zeroShare >= 0 && block.zeroShare < 1 && block.magnitude > 0, block.name)
      assert.equal(block.residualRatio > 0, block.name.startsWith('resnet_'), block.name)
      // The last pooling of the stem has nothing to learn.
      assert.equal(block.gradientNorm > 0, !block.name.startsWith('stem.pool'), block.name)
    }
    const last = blocks.at(-1)!
    assert.deepEqual([last.zeroShare, last.magnitude], [zeroShare, magnitude])
    assert.equal(residualRatio, Math.max(...blocks.map(block => block.residualRatio)))
  }
})

test('a look measures the maps of the network as it is', () => {
  const { recipe, model: spec } = settings
  const batch = 2
  const names = ['resnet_a.0.expand.weights', 'resnet_c.0.expand.bias', 'resnet_c.0.expand.weights', 'stem.other']
  using store = backend.createStore()
  const model = buildModel(networkOf(spec), { ...modelOptions(spec), mode: 'train', batch, keep: 1 })
  const sum = model.residuals.get('resnet_a.0')!
  const outputs = [model.pooled, model.endpoints.get('resnet_a.0')!, sum.shortcut, sum.residual]
  using program = backend.compile(model.graph, { outputs, store, seed: 3, tune: false })
  const images = (program.input('images') as Float32Array).map((_, i) => Math.sin(i * 0.37))
  program.input('images').set(images)
  program.run()
  const weights = model.parameters.map(parameter => variableOf(parameter)!.name)
  const before = weights.map(name => [...store.data(name)])

  const options = { model: spec, precision: recipe.precision, batch, backend, store, parameterNames: names }
  using watch = new Watch(options)
  // A longer batch than is looked at, as the training program has it.
  const sight = watch.look(7, Float32Array.from([...images, 9, 9, 9]), Float32Array.of(5, 3, 4, 100))
  const [pooled, block, shortcut, residual] = outputs.map(value => [...program.read(value)])
  const share = (map: readonly number[]) => map.filter(x => x === 0).length / map.length
  const magnitude = (map: readonly number[]) => Math.sqrt(map.reduce((squares, x) => squares + x * x, 0) / map.length)
  const close = (got: number, wanted: number) => assert.ok(Math.abs(got - wanted) <= 1e-4 * wanted, `${got} ${wanted}`)
  assert.deepEqual([sight.type, sight.step, sight.layer], ['watch', 7, 'resnet_c.0'])
  assert.equal(sight.zeroShare, Math.fround(share(pooled!)))
  close(sight.magnitude, magnitude(pooled!))
  const own = sight.blocks.find(({ name }) => name === 'resnet_a.0')!
  assert.equal(own.zeroShare, Math.fround(share(block!)))
  close(own.magnitude, magnitude(block!))
  close(own.residualRatio, (sum.scale * magnitude(residual!)) / magnitude(shortcut!))
  assert.equal(own.gradientNorm, 5)
  assert.equal(sight.blocks.find(({ name }) => name === 'resnet_c.0')!.gradientNorm, 5)
  assert.equal(sight.blocks.find(({ name }) => name === 'resnet_b.0')!.gradientNorm, 0)
  assert.deepEqual(
    weights.map(name => [...store.data(name)]),
    before,
  )
})

test('a network without residual sums is watched too', async () => {
  const model = { ...settings.model, network: 'inception-v4' }
  await run('v4', { model, steps: 2, watchSteps: 1 })
  const looks = looksOf('v4')
  assert.equal(looks.length, 2)
  for (const { layer, residualRatio, blocks } of looks) {
    assert.equal(layer, 'inception_c.0')
    assert.ok(residualRatio === 0 && blocks.every(block => block.residualRatio === 0))
  }
})

test('a watched run that is stopped and gone on with has the same looks and bits', async () => {
  // In the step of a look, and between two.
  for (const stop of [7, 9]) {
    const name = `stopped at ${stop}`
    const last = await run(
      name,
      longer,
      stopAfter(event => event.type === (stop === 7 ? 'evaluation' : 'watch') && event.step === stop - 1),
    )
    assert.deepEqual(last, { type: 'interrupted', step: stop, resumeCommand: 'again' })
    await run(name, longer, { resume: true })
    assert.deepEqual(
      course(name).filter(event => !('step' in event) || event.step !== stop),
      course('watched'),
    )
    assert.equal(sha256(checkpoint(name, 24)), sha256(checkpoint('watched', 24)))
  }
})

/** A copy of the run as it was after its second epoch, with a last block that gives nothing but zeros. */
function silenced(name: string): void {
  cpSync(path.join(root, 'watched'), path.join(root, name), { recursive: true })
  for (const step of [18, 24]) rmSync(checkpoint(name, step))
  silence(checkpoint(name, 12))
}

test('a network that gives only zeros at two looks has died: the run ends with a checkpoint and says where', async () => {
  silenced('dying')
  const last = await run('dying', longer, { resume: true })
  const file = checkpoint('dying', 20)
  assert.deepEqual(last, { type: 'died', step: 20, layer: 'resnet_c.0', file })
  assert.ok(isSilentIn(file))
  const after = logOf('dying').filter(event => 'step' in event && event.step > 12)
  assert.deepEqual(
    after.filter(event => event.type !== 'step').map(({ type }) => type),
    ['watch', 'evaluation', 'checkpoint', 'watch', 'checkpoint', 'died'],
  )
  for (const look of after.filter(event => event.type === 'watch')) {
    assert.deepEqual([look.zeroShare, look.magnitude], [1, 0])
    assert.equal(look.blocks.at(-1)!.gradientNorm, 0)
  }
  assert.ok(after.some(event => event.type === 'step' && event.step === 20))
})

test('a dying run that is stopped between its two silent looks dies in the same step, with the same bits', async () => {
  silenced('dying in two')
  const stopped = await run('dying in two', longer, {
    resume: true,
    ...stopAfter(event => event.type === 'watch' && event.step === 16),
  })
  assert.equal(stopped.type, 'interrupted')
  assert.ok(isSilentIn(checkpoint('dying in two', 17)))
  const last = await run('dying in two', longer, { resume: true })
  assert.deepEqual([last.type, 'step' in last && last.step], ['died', 20])
  assert.equal(sha256(checkpoint('dying in two', 20)), sha256(checkpoint('dying', 20)))
  assert.deepEqual(
    course('dying in two').filter(event => !('step' in event) || event.step !== 17),
    course('dying'),
  )
})

test('a silent look that is followed by one with something in it is forgotten', async () => {
  cpSync(path.join(root, 'watched'), path.join(root, 'revived'), { recursive: true })
  for (const step of [18, 24]) rmSync(checkpoint('revived', step))
  rewriteCheckpoint(checkpoint('revived', 12), { silent: true })
  assert.ok(isSilentIn(checkpoint('revived', 12)))
  assert.equal((await run('revived', longer, { resume: true })).type, 'done')
  assert.equal(sha256(checkpoint('revived', 24)), sha256(checkpoint('watched', 24)))
  const sight = { type: 'watch', step: 1, layer: 'x', magnitude: 0, residualRatio: 0, blocks: [] } as const
  const at = (zeroShare: number): WatchEvent => ({ ...sight, zeroShare })
  assert.deepEqual([at(1), at(0.9995), at(0.99), at(0), at(Number.NaN)].map(isSilent), [
    true,
    true,
    false,
    false,
    false,
  ])
})

test('a network with an extra norm is trained, watched, saved, gone on with and evaluated', async () => {
  for (const extraNorm of ['sums', 'last'] as const) {
    const changed = { model: { ...settings.model, extraNorm }, steps: 8 }
    const norm = extraNorm === 'sums' ? 'resnet_b.0.sum_norm' : 'pool.norm'
    await run(
      extraNorm,
      changed,
      stopAfter(event => event.type === 'watch'),
    )
    assert.equal((await run(extraNorm, changed, { resume: true })).type, 'done')
    using saved = readCheckpoint(checkpoint(extraNorm, 8))
    assert.equal(decodeState(saved).model.extraNorm, extraNorm)
    for (const name of ['shift', 'scale', 'mean', 'variance'].map(name => `average/${norm}.${name}`))
      assert.ok(saved.names.includes(name), name)
    assert.equal(looksOf(extraNorm).length, 2)
    for (const look of looksOf(extraNorm)) assert.ok(look.layer === 'resnet_c.0' && look.zeroShare < 1)
    assert.ok(logOf(extraNorm).some(event => event.type === 'evaluation' && Number.isFinite(event.loss)))
  }
})

test('a run that ends by its steps ends there, evaluated and saved, before or after its epochs', async () => {
  const ends = async (name: string, steps: number, epochs: number) => {
    await run(name, { steps, recipe: { ...settings.recipe, epochs } })
    return course(name).flatMap(({ type, ...event }) =>
      type === 'watch' ? [] : [`${type} ${'step' in event && event.step}`],
    )
  }
  assert.deepEqual(await ends('fewer', 3, 2), ['evaluation 3', 'checkpoint 3', 'done 3'])
  assert.deepEqual(await ends('more', 8, 1), ['evaluation 6', 'checkpoint 6', 'evaluation 8', 'checkpoint 8', 'done 8'])
})

test('a loss that is not finite is in the log before it is an error', async () => {
  const recipe = { ...settings.recipe, learningRate: 1e33 }
  let message = ''
  await assert.rejects(run('diverging', { recipe }), (error: unknown) => {
    assert.ok(error instanceof UserError)
    message = error.message
    return /^step 2: the loss is /.test(message)
  })
  const { time, ...last } = logOf('diverging').at(-1)!
  assert.deepEqual(last, { type: 'diverged', step: 2, message })
})

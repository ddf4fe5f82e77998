import assert from 'node:assert/strict'
import { cpSync, existsSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { openBackend } from '../../src/backends/open.js'
import { UserError } from '../../src/base/error.js'
import { plainAugmentation } from '../../src/data/augmentation.js'
import { boxFile } from '../../src/data/box-file.js'
import { openDataSets, type RunOptions, trainInFolder } from '../../src/study/run/run.js'
import { parseSettings, type RunSettings } from '../../src/study/run/run-settings.js'
import { readCheckpoint } from '../../src/training/checkpoint.js'
import { decodeState } from '../../src/training/checkpoint-state.js'
import type { LoggedEvent, Sink, TrainingEvent } from '../../src/training/events.js'
import type { Recipe } from '../../src/training/recipe.js'
import { readSettings } from '../../src/training/run-folder.js'
import { readEventLog } from '../../src/training/sinks/jsonl.js'
import { train } from '../../src/training/train.js'
import { drawTinyData, sha256, temporaryFolder, tinySettings } from './tiny-run.js'

// One thread: kernels this short lose more by waiting for each other than they gain.
process.env.OMP_NUM_THREADS = '1'

const root = temporaryFolder()
const data = await openDataSets(await drawTinyData(path.join(root, 'data')))
const backend = openBackend('auto', () => {})
const settings = tinySettings(data)

const run = (name: string, options: Partial<RunOptions> = {}, changed: Partial<RunSettings> = {}) =>
  trainInFolder(
    { ...settings, ...changed },
    { folder: path.join(root, name), resume: false, backend, data, sinks: [], resumeCommand: 'again', ...options },
  )

const checkpoint = (name: string, step: number) =>
  path.join(root, name, 'checkpoints', `step-${String(step).padStart(8, '0')}.safetensors`)
const logOf = (name: string) => readEventLog(path.join(root, name, 'events.jsonl'))

/** Stops a run in the step after the event that is looked for. */
function stopAfter(isIt: (event: TrainingEvent) => boolean): { signal: AbortSignal; sinks: Sink[] } {
  const controller = new AbortController()
  const write = (event: TrainingEvent) => {
    if (isIt(event)) controller.abort()
  }
  return { signal: controller.signal, sinks: [{ write, async close() {} }] }
}

/** What happened, without what differs from run to run: clocks, the folder, and the steps that chance to be told. */
const course = (events: readonly LoggedEvent[]) =>
  events
    .filter(event => event.type !== 'step')
    .map(event => {
      const figures = event.type === 'evaluation' && [event.top1Error, event.top5Error, event.loss, event.images]
      return [event.type, 'step' in event ? event.step : 0, figures]
    })

const straight = await run('straight')

test('a run tells its course and leaves its last checkpoint', () => {
  assert.equal(straight.type, 'done')
  const log = logOf('straight')
  assert.deepEqual(
    course(log).map(([type, step]) => `${type} ${step}`),
    [
      'start 0',
      'watch 4',
      'evaluation 6',
      'checkpoint 6',
      'watch 8',
      'watch 12',
      'evaluation 12',
      'checkpoint 12',
      'done 12',
    ],
  )
  const steps = log.filter(event => event.type === 'step')
  assert.ok(steps.some(({ step }) => step === 6) && steps.at(-1)?.step === 12, 'the end of an epoch is told')
  assert.ok(steps.every(step => Number.isFinite(step.loss) && step.gradientNorm > 0 && step.imagesPerSecond > 0))
  assert.deepEqual(readdirSync(path.join(root, 'straight', 'checkpoints')), [
    'step-00000006.safetensors',
    'step-00000012.safetensors',
  ])
  assert.ok(
    !readdirSync(path.join(root, 'straight')).some(name => name.startsWith('.lock')),
    'the folder is free again',
  )
})

test('the weights move, and their averages with them', () => {
  using early = readCheckpoint(checkpoint('straight', 6))
  using late = readCheckpoint(checkpoint('straight', 12))
  const differing = (prefix: string) =>
    early.names.filter(
      name => name.startsWith(prefix) && !Buffer.from(early.tensor(name).bytes).equals(late.tensor(name).bytes),
    )
  for (const prefix of ['stem.conv_1a.weights', 'average/stem.conv_1a.weights', 'slot/meanSquare/', 'slot/momentum/'])
    assert.ok(differing(prefix).length > 0, prefix)
})

test('a run stopped in the middle of an epoch and gone on with ends with the same bits', async () => {
  const last = await run(
    'stopped',
    stopAfter(event => event.type === 'evaluation'),
  )
  assert.deepEqual(last, { type: 'interrupted', step: 7, resumeCommand: 'again' })
  assert.equal((await run('stopped', { resume: true })).type, 'done')
  assert.equal(sha256(checkpoint('stopped', 12)), sha256(checkpoint('straight', 12)))
  assert.deepEqual(
    course(logOf('stopped')).filter(([, step]) => step !== 7),
    course(logOf('straight')),
  )
})

test('a run stopped in its first step and again after each resumption ends with the same bits', async () => {
  const stop = () => stopAfter(event => event.type === 'start')
  await run('halting', stop())
  for (let step = 2; step < 4; step++) {
    const last = await run('halting', { resume: true, ...stop() })
    assert.deepEqual(last, { type: 'interrupted', step, resumeCommand: 'again' })
  }
  await run('halting', { resume: true })
  assert.equal(sha256(checkpoint('halting', 12)), sha256(checkpoint('straight', 12)))
})

test('a run stopped while it evaluates, at the end too, begins with that evaluation and ends with the same bits', async () => {
  for (const end of [6, 12]) {
    const name = `evaluating ${end}`
    // It is told of the last step before the evaluation begins.
    const stop = () => stopAfter(event => event.type === 'step' && event.step === end)
    assert.deepEqual(await run(name, stop()), { type: 'interrupted', step: end, resumeCommand: 'again' })
    using saved = readCheckpoint(checkpoint(name, end))
    assert.equal(decodeState(saved).unevaluated, true)
    assert.equal((await run(name, { resume: true })).type, 'done')
    assert.equal(sha256(checkpoint(name, 12)), sha256(checkpoint('straight', 12)))
    const told = (of: string) => course(logOf(of)).filter(([type]) => type === 'evaluation' || type === 'watch')
    assert.deepEqual(told(name), told('straight'))
  }
})

test('a run whose folder was taken over meanwhile writes nothing more there and says whose it is', async () => {
  const folder = path.join(root, 'taken')
  const files = () => [
    'events.jsonl',
    ...readdirSync(path.join(folder, 'checkpoints')).map(name => `checkpoints/${name}`),
  ]
  const contents = () => files().map(name => [name, sha256(path.join(folder, name))])
  let before: unknown
  const write = (event: TrainingEvent) => {
    // As another process does it that has seen nothing of this one for as long as its lease.
    if (event.type !== 'evaluation' || before !== undefined) return
    const [lock] = readdirSync(folder).filter(name => name.startsWith('.lock'))
    renameSync(path.join(folder, lock!), path.join(folder, '.lock-12-34-01234567-node-7'))
    before = contents()
  }
  await assert.rejects(run('taken', { sinks: [{ write, async close() {} }] }), {
    name: 'UserError',
    message: new RegExp(`^${folder} was taken over by process 12 on node-7: .* writes nothing more there$`),
  })
  assert.deepEqual(contents(), before)
  assert.ok(existsSync(path.join(folder, '.lock-12-34-01234567-node-7')))
})

test('a finished run that is gone on with stays as it is', async () => {
  cpSync(path.join(root, 'straight'), path.join(root, 'finished'), { recursive: true })
  assert.equal((await run('finished', { resume: true })).type, 'done')
  assert.equal(sha256(checkpoint('finished', 12)), sha256(checkpoint('straight', 12)))
  assert.deepEqual(course(logOf('finished')), course(logOf('straight')))
})

test('any number of loader threads gives the same bits', async () => {
  await run('three threads', { workers: 3 })
  assert.equal(sha256(checkpoint('three threads', 12)), sha256(checkpoint('straight', 12)))
})

test('bf16 is resumed to the same bits too', { skip: !backend.precisions.includes('bf16') }, async () => {
  const changed = { recipe: { ...settings.recipe, precision: 'bf16' } } as const
  await run('bf16', {}, changed)
  await run(
    'bf16 stopped',
    stopAfter(event => event.type === 'evaluation'),
    changed,
  )
  await run('bf16 stopped', { resume: true }, changed)
  assert.equal(sha256(checkpoint('bf16 stopped', 12)), sha256(checkpoint('bf16', 12)))
  assert.notEqual(sha256(checkpoint('bf16', 12)), sha256(checkpoint('straight', 12)))
})

test('gradient descent with momentum is resumed to the same bits too', async () => {
  const changed: Partial<RunSettings> = { recipe: { ...settings.recipe, optimizer: 'momentum' } }
  await run('momentum', {}, changed)
  await run(
    'momentum stopped',
    stopAfter(event => event.type === 'evaluation'),
    changed,
  )
  await run('momentum stopped', { resume: true }, changed)
  assert.equal(sha256(checkpoint('momentum stopped', 12)), sha256(checkpoint('momentum', 12)))
})

test('with every augmentation on, a run is resumed to the same bits by any number of loader threads', async () => {
  const augmentation = { style: 'timm', resize: 'random', jitter: 0.4, randAugment: 'rand-m9-mstd0.5' } as const
  const mixed = { erase: 0.25, eraseMode: 'pixel', mixup: 0.2, cutmix: 1 } as const
  const recipe: Recipe = { ...settings.recipe, colour: 'none', augmentation: { ...augmentation, ...mixed } }
  await run('augmented', {}, { recipe })
  const stop = stopAfter(event => event.type === 'evaluation')
  assert.equal((await run('augmented stopped', { workers: 1, ...stop }, { recipe })).type, 'interrupted')
  await run('augmented stopped', { resume: true, workers: 3 }, { recipe })
  assert.equal(sha256(checkpoint('augmented stopped', 12)), sha256(checkpoint('augmented', 12)))
  const { recipe: recorded } = parseSettings(readSettings(path.join(root, 'augmented')), 'augmented')
  assert.deepEqual(recorded, recipe)

  // What is mixed is what is trained on: without it the run is another one.
  const unmixed = { ...recipe, epochs: 1, augmentation: { ...recipe.augmentation!, mixup: 0, cutmix: 0 } }
  await run('unmixed', {}, { recipe: unmixed })
  assert.notEqual(sha256(checkpoint('unmixed', 6)), sha256(checkpoint('augmented', 6)))
})

test('a run records where objects lie, and does not go on with other boxes', async () => {
  const file = path.join(root, 'boxes.csv')
  const first = path.relative(data.train.root, data.train.items[0]!.path)
  writeFileSync(file, `${first},0.25,0.25,0.5,0.5\n`)
  const boxes = await boxFile(file)
  await run('boxed', {}, { boxes, steps: 1 })
  assert.deepEqual(parseSettings(readSettings(path.join(root, 'boxed')), 'boxed').boxes, boxes)
  const settings = readSettings(path.join(root, 'boxed'))
  for (const [key, sound] of [
    ['boxes', 'none'],
    ['boxes', 'data'],
    ['labels', 'from-one'],
  ] as const) {
    assert.equal(parseSettings({ ...settings, [key]: sound }, 'boxed')[key], sound)
    assert.throws(() => parseSettings({ ...settings, [key]: 'some' }, 'boxed'), {
      message: new RegExp(`: ${key} is not`),
    })
  }
  writeFileSync(file, `${first},0,0,1,1\n`)
  await assert.rejects(run('boxed', { resume: true }, { boxes, steps: 2 }), /boxes\.csv is not the one/)
})

test('images cannot be mixed in a batch of one', async () => {
  const recipe = { ...settings.recipe, batch: 1, augmentation: { ...plainAugmentation, mixup: 0.2 } }
  await assert.rejects(run('lonely', {}, { recipe }), { exitCode: 2, message: /a batch of at least 2/ })
  assert.ok(!existsSync(path.join(root, 'lonely')))
})

test('another seed is another run', async () => {
  await run('other seed', {}, { recipe: { ...settings.recipe, epochs: 1, seed: 6 } })
  assert.notEqual(sha256(checkpoint('other seed', 6)), sha256(checkpoint('straight', 6)))
})

test('evaluation comes at the epochs asked for and at the end, also when steps do not divide epochs', async () => {
  const evaluatedAt = async (name: string, batch: number, epochs: number, evaluateEpochs: number) => {
    await run(name, {}, { recipe: { ...settings.recipe, batch, epochs }, evaluateEpochs })
    return logOf(name).flatMap(event => (event.type === 'evaluation' ? [event.step] : []))
  }
  // Epochs of 24 images end in steps 3, 5, 8, 10 of batches of 10.
  assert.deepEqual(await evaluatedAt('every second', 10, 4, 2), [5, 10])
  assert.deepEqual(await evaluatedAt('every third', 10, 4, 3), [8, 10])
  // A batch of more than an epoch.
  assert.deepEqual(await evaluatedAt('large batch', 60, 5, 2), [1, 2])
})

test('a loss that is not finite stops the run with step and layer, and earlier checkpoints are whole', async () => {
  // The rate is zero in the first step, so what it saves is sound; the second one throws the weights far away.
  const recipe = { ...settings.recipe, learningRate: 1e33, warmupEpochs: 1 }
  const checkpoints = path.join(root, 'not finite')
  const events = train({
    ...settings,
    badImages: 'error',
    recipe,
    backend,
    images: data.train,
    checkpoints,
    checkpointSteps: 1,
    resumeCommand: 'again',
  })
  const seen: TrainingEvent[] = []
  await assert.rejects(
    async () => {
      for await (const event of events) seen.push(event)
    },
    (error: unknown) =>
      error instanceof UserError &&
      error.exitCode === 1 &&
      /^step 3: the loss is \S+.*\((the statistics|the gradient of) '[\w.]+' .*not finite\): lower the learning rate/.test(
        error.message,
      ),
  )
  assert.deepEqual(
    seen.flatMap(event => (event.type === 'checkpoint' ? [event.step] : [])),
    [1, 2],
  )
  readCheckpoint(path.join(checkpoints, 'step-00000002.safetensors')).close()
})

test('a bad image stops the run and is named; once it is mended the run goes on from its last whole step', async () => {
  const folder = path.join(root, 'bad data')
  cpSync(path.join(root, 'data'), folder, { recursive: true })
  const broken = path.join(folder, path.relative(path.join(root, 'data'), data.train.items[3]!.path))
  truncateSync(broken, 700)
  const own = async () => ({ data: await openDataSets(folder) })
  const changed = { data: folder }
  await assert.rejects(
    run('bad', await own(), changed),
    (error: unknown) => error instanceof UserError && error.message.includes(`bad image ${broken}: `),
  )
  cpSync(data.train.items[3]!.path, broken)
  const [saved, stopped] = logOf('bad').slice(-2)
  assert.ok(saved?.type === 'checkpoint' && stopped?.type === 'interrupted' && saved.step === stopped.step)
  const started: number[] = []
  const write = (event: TrainingEvent) => {
    if (event.type === 'start') started.push(event.firstStep)
  }
  await run('bad', { ...(await own()), resume: true, sinks: [{ write, async close() {} }] }, changed)
  assert.deepEqual(started, [saved.step])
  assert.equal(sha256(checkpoint('bad', 12)), sha256(checkpoint('straight', 12)))
})

test('a run that stopped at a bad image to evaluate goes on without it, and begins with that evaluation', async () => {
  const folder = path.join(root, 'bad val')
  cpSync(path.join(root, 'data'), folder, { recursive: true })
  const broken = path.join(folder, path.relative(path.join(root, 'data'), data.val.items[5]!.path))
  truncateSync(broken, 700)
  const own = async () => ({ data: await openDataSets(folder) })
  await assert.rejects(run('bad val', await own(), { data: folder }), { message: new RegExp(`bad image ${broken}: `) })
  assert.equal(logOf('bad val').at(-1)?.type, 'interrupted')
  await run('bad val', { ...(await own()), resume: true }, { data: folder, badImages: 'skip' })
  assert.equal(readSettings(path.join(root, 'bad val')).badImages, 'skip')
  await run('good val', await own(), { data: folder, badImages: 'skip' })
  const evaluations = (name: string) =>
    logOf(name).flatMap(event => (event.type === 'evaluation' ? [[event.step, event.loss, event.badImages]] : []))
  assert.equal(evaluations('bad val').length, 2)
  assert.deepEqual(evaluations('bad val'), evaluations('good val'))
  assert.equal(sha256(checkpoint('bad val', 12)), sha256(checkpoint('good val', 12)))
})

test('bad images that are skipped are counted and listed once, also over a resumption', async () => {
  const folder = path.join(root, 'skipped data')
  cpSync(path.join(root, 'data'), folder, { recursive: true })
  const copyOf = (item: { path: string }) => path.join(folder, path.relative(path.join(root, 'data'), item.path))
  const [inTrain, inVal] = [copyOf(data.train.items[3]!), copyOf(data.val.items[5]!)]
  truncateSync(inTrain, 700)
  writeFileSync(inVal, 'no image at all')
  const changed = { data: folder, badImages: 'skip' } as const
  const own = async () => ({ data: await openDataSets(folder) })
  await run('skip', await own(), changed)
  await run('skip stopped', { ...(await own()), ...stopAfter(event => event.type === 'evaluation') }, changed)
  await run('skip stopped', { ...(await own()), resume: true }, changed)
  assert.equal(sha256(checkpoint('skip stopped', 12)), sha256(checkpoint('skip', 12)))
  for (const name of ['skip', 'skip stopped']) {
    const log = logOf(name)
    assert.deepEqual(log.flatMap(event => (event.type === 'bad image' ? [[event.path, event.reason]] : [])).sort(), [
      [inTrain, 'the image data is cut short or damaged'],
      [inVal, 'the content is no JPEG, PNG or WebP image'],
    ])
    for (const event of log) if (event.type === 'evaluation') assert.deepEqual([event.images, event.badImages], [11, 1])
  }
})

test('a run does not go on with other images than it began with', async () => {
  const folder = path.join(root, 'changing data')
  cpSync(path.join(root, 'data'), folder, { recursive: true })
  const own = async () => ({ data: await openDataSets(folder) })
  await run('changing', { ...(await own()), ...stopAfter(event => event.type === 'start') }, { data: folder })
  const before = sha256(checkpoint('changing', 1))
  const item = path.join(folder, path.relative(path.join(root, 'data'), data.train.items[0]!.path))
  rmSync(item)
  await assert.rejects(
    run('changing', { ...(await own()), resume: true }, { data: folder }),
    /is not what checkpoint .* was trained on: it has 23 images/,
  )
  const other = (name: string) => path.join(path.dirname(item), name)
  cpSync(data.train.items[0]!.path, other('another.jpg'))
  await assert.rejects(
    run('changing', { ...(await own()), resume: true }, { data: folder }),
    /is not what checkpoint .* was trained on: it has images of other names, labels or boxes; put the images back/,
  )
  renameSync(other('another.jpg'), item)
  for (const split of ['train', 'val']) {
    const [first] = data.train.classes
    renameSync(path.join(folder, split, first!), path.join(folder, split, 'another'))
  }
  await assert.rejects(
    run('changing', { ...(await own()), resume: true }, { data: folder }),
    /is not what checkpoint .* was trained on: it has the classes another, /,
  )
  assert.equal(sha256(checkpoint('changing', 1)), before)
})

test('a run that cannot be compiled leaves no folder', async () => {
  await assert.rejects(run('too large', {}, { recipe: { ...settings.recipe, batch: 2 ** 40 } }), UserError)
  assert.ok(!existsSync(path.join(root, 'too large')))
})

import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { openBackend } from '../../src/backends/open.js'
import { UserError } from '../../src/base/error.js'
import { passNames } from '../../src/graph/passes/pass-names.js'
import type { EvaluationOrder } from '../../src/study/lanes/evaluate-run.js'
import { reproduce, type StudyOptions } from '../../src/study/reproduce.js'
import type { StudyResult } from '../../src/study/result.js'
import { openDataSets } from '../../src/study/run/run.js'
import { readCheckpoint } from '../../src/training/checkpoint.js'
import type { TrainingEvent } from '../../src/training/events.js'
import { jsonlSink, readEventLog } from '../../src/training/sinks/jsonl.js'
import { inception } from '../cli/inception.js'
import { sha256, temporaryFolder } from '../training/tiny-run.js'
import { folders, members, tiny } from './tiny-study.js'

process.env.OMP_NUM_THREADS = '1'

const root = temporaryFolder()
// Kernels are the default ones: to measure them takes longer than to run them so few times.
const passes = new Set(passNames.filter(name => name !== 'tune'))
const backend = openBackend('auto', () => {}, { passes })

const study = (out: string, more: Partial<StudyOptions> = {}) =>
  reproduce({
    preset: tiny,
    out: path.join(root, out),
    backend,
    backendName: 'auto',
    precision: 'f32',
    command: 'inception reproduce --preset tiny',
    tell: () => {},
    lanes: 2,
    say: () => {},
    ...more,
  })

const data = path.join(root, 'study', 'data')
const readJson = (...place: string[]) => JSON.parse(readFileSync(path.join(root, ...place), 'utf8'))
const logOf = (...place: string[]) => path.join(root, ...place, 'events.jsonl')
const lastOf = (...place: string[]) => {
  const folder = path.join(root, ...place, 'checkpoints')
  return path.join(folder, readdirSync(folder).sort().at(-1)!)
}
/** Without what a clock has measured, and where it was measured. */
const timeless = (result: StudyResult, out: string) => {
  const timed = ['startedAt', 'seconds', 'stepMilliseconds', 'imagesPerSecond', 'dataWaitShare', 'trainLoss']
  const text = JSON.stringify(result, (key, value: unknown) => (timed.includes(key) ? undefined : value))
  return JSON.parse(text.replaceAll(path.join(root, out, 'inception'), 'inception'))
}
/** The finished study's runs and evaluations in another folder, for a study of the same images. */
function copyRuns(to: string, which: readonly string[] = folders): void {
  for (const folder of which) cpSync(path.join(root, 'study', folder), path.join(root, to, folder), { recursive: true })
}

const told: string[] = []
const said: string[] = []
const first = await study('study', {
  tell: (title, event) => told.push(`${title}: ${event.type}`),
  say: line => said.push(line),
})

test('a study trains, evaluates and compares, and writes down what it found', () => {
  const { result, interrupted } = first
  assert.equal(interrupted, false)
  assert.deepEqual(readJson('study', 'result.json'), JSON.parse(JSON.stringify(result)))
  assert.equal(result.interrupted, undefined)
  assert.ok(result.seconds > 0 && !Number.isNaN(Date.parse(result.startedAt)))
  const { path: place, ...about } = result.dataSet
  assert.equal(path.resolve(place!), data)
  assert.deepEqual(about, {
    name: 'drawn shapes with textures',
    classes: 3,
    trainImages: 64,
    valImages: 12,
    size: 75,
    synthetic: true,
    imagenet: false,
    badImages: 0,
  })
  assert.deepEqual(
    result.networks.map(({ network, role, residual, width, runs }) => [network, role, residual, width, runs.length]),
    [
      ['inception-resnet-v1', 'smaller', true, 0.1, 2],
      ['inception-v4', 'larger', false, 0.1, 2],
    ],
  )
  for (const { network, runs } of result.networks)
    for (const [i, run] of runs.entries()) {
      assert.equal(run.seed, i + 1)
      assert.deepEqual(
        run.epochs.map(({ epoch }) => epoch),
        [1, 2],
      )
      assert.deepEqual(
        Object.entries(run.errors).map(([crops, { images }]) => [crops, images]),
        Object.entries({ '1': 12, '12': 4, '144': 2 }),
      )
      const { top1Error, top5Error } = run.epochs.at(-1)!
      assert.deepEqual(run.errors['1'], { top1Error, top5Error, images: 12, badImages: 0 })
      assert.equal(path.join(root, 'study', run.checkpoint!), lastOf('study', network, `seed-${run.seed}`))
      assert.equal(run.commands.length, 4)
      assert.equal(run.note, undefined)
      for (const key of ['stepMilliseconds', 'imagesPerSecond', 'memoryBytes'] as const) assert.ok(run[key]! > 0, key)
    }
  assert.deepEqual(
    result.protocols.map(({ id, images }) => [id, images]),
    [
      ['1', 12],
      ['12', 4],
      ['144', 2],
    ],
  )
  assert.deepEqual(
    result.ensembles.map(each => [each.members, each.protocol, each.errors.images]),
    [[members, '12', 4]],
  )
  assert.deepEqual(
    result.paired.map(pair => [pair.protocol, pair.first, pair.images]),
    [['12', 'inception-resnet-v1/1 + inception-v4/2', 4]],
  )
  const rate = result.recipe.find(entry => entry.key === 'learning rate')
  assert.deepEqual([rate?.value, rate?.note], ['0.01', 'paper: 0.045; a short run'])
  assert.equal(result.footprint, undefined)
  assert.equal(result.confusions.length, 2)
  for (const { counts } of result.confusions)
    assert.equal(
      counts.flat().reduce((sum, n) => sum + n),
      12,
    )
  for (const { picture, predictions } of result.samples) {
    assert.match(picture, /^data:image\/jpeg;base64,/)
    assert.equal(predictions.length, 2)
  }
})

test('a residual network that trains, one that dies and one that diverges are all in the result', () => {
  const { settings, steps, filters, network } = first.result.instability!
  assert.deepEqual([network, steps], ['inception-resnet-v1', 90])
  assert.ok(filters > 100 && filters < 1792)
  const [calm, wild, normed] = settings.map(({ runs }) => runs[0]!)
  assert.deepEqual([calm!.outcome, calm!.step, calm!.note], ['trained', 90, undefined])
  assert.deepEqual(
    calm!.trace.map(({ step }) => step),
    Array.from({ length: 15 }, (_, i) => 6 * i + 6),
  )
  for (const point of calm!.trace) assert.ok(point.loss! > 0 && point.gradientNorm! > 0 && point.residualRatio! > 0)
  assert.equal(wild!.outcome, 'died')
  assert.ok(wild!.step < 90 && wild!.trace.at(-1)!.step === wild!.step)
  assert.ok(wild!.trace.slice(-2).every(({ zeroShare }) => zeroShare > 0.999))
  assert.match(wild!.note!, /^died at step \d+: resnet_c\.0 gave nothing but zeros$/)
  assert.deepEqual([normed!.outcome, normed!.step, normed!.trace], ['diverged', 2, []])
  assert.match(normed!.note!, /^step 2: the loss is /)
  assert.deepEqual(
    settings.map(({ residualScale, remedy }) => [residualScale, remedy]),
    [
      [0.1, null],
      [1, null],
      [1, 'extra batch norm'],
    ],
  )
})

test('a study tells of every run, each with its own events', () => {
  const ofRun = (title: string) =>
    told
      .filter(line => line.startsWith(`${title}: `) && !/: (step|watch)$/.test(line))
      .map(line => line.split(': ').at(-1))
  for (const title of ['Inception-ResNet-v1, seed 1', 'Inception-v4, seed 2'])
    assert.deepEqual(ofRun(title), ['start', 'evaluation', 'checkpoint', 'evaluation', 'checkpoint', 'done'])
  assert.deepEqual(ofRun('scale 1'), ['start', 'checkpoint', 'died'])
  assert.deepEqual(ofRun('scale 1, extra norm, absurd rate'), ['start', 'diverged'])
  assert.equal(said.length, 1)
  assert.match(said[0]!, /^drew 64 training and 12 validation pictures into /)
})

test('a finished study is not done again, and says the same', async () => {
  const logs = folders.map(folder => logOf('study', folder))
  const before = logs.map(sha256)
  const { result, interrupted } = await study('study', {
    tell: title => assert.fail(`${title} was trained again`),
    progress: what => assert.match(what, /^listing .*, folders$/),
    say: line => assert.fail(line),
  })
  assert.equal(interrupted, false)
  assert.deepEqual(result, first.result)
  assert.deepEqual(logs.map(sha256), before)
})

test('the command of a run repeats it', async () => {
  const [command] = first.result.networks[0]!.runs[0]!.commands
  const words = command!.replace('npx inception ', '').split(' ')
  words[words.indexOf('--out') + 1] = path.join(root, 'by itself')
  const { code, stderr } = await inception(words)
  assert.equal(code, 0, stderr)
  const own = folders[0]!
  assert.deepEqual(readJson('by itself', 'run.json').settings, readJson('study', own, 'run.json').settings)
  using alone = readCheckpoint(lastOf('by itself'))
  using inStudy = readCheckpoint(lastOf('study', own))
  assert.deepEqual(alone.names, inStudy.names)
  for (const name of alone.names) assert.deepEqual(alone.tensor(name), inStudy.tensor(name), name)
})

test('a study that was stopped goes on, and ends with the same result', async () => {
  const controller = new AbortController()
  const begun: TrainingEvent[] = []
  const stopped = await study('stopped', {
    data,
    lanes: 1,
    signal: controller.signal,
    tell: (_, event) => {
      begun.push(event)
      if (event.type === 'start') controller.abort()
    },
  })
  assert.equal(stopped.interrupted, true)
  assert.equal(stopped.result.interrupted, 'stopped by the user after 0 of 4 training runs')
  assert.deepEqual([stopped.result.networks, stopped.result.ensembles, stopped.result.samples], [[], [], []])
  assert.deepEqual(readJson('stopped', 'result.json'), JSON.parse(JSON.stringify(stopped.result)))
  assert.equal(begun.at(-1)?.type, 'interrupted')
  assert.ok(!existsSync(path.join(root, 'stopped', 'inception-v4')), 'the second run was not begun')

  // The others as if they had been trained meanwhile.
  copyRuns('stopped', folders.slice(1))
  const again = new AbortController()
  const resumed: string[] = []
  const evaluating = await study('stopped', {
    data,
    signal: again.signal,
    tell: (title, event) => {
      if (event.type === 'start') resumed.push(`${title} after step ${event.firstStep}`)
    },
    progress(what) {
      if (!what.startsWith('listing')) again.abort()
    },
  })
  assert.equal(evaluating.result.interrupted, 'stopped by the user after 4 of 4 training runs')
  assert.match(resumed.join(), /^Inception-ResNet-v1, seed 1 after step [1-9]\d?$/)

  const { result, interrupted } = await study('stopped', {
    data,
    tell: title => assert.fail(`${title} was trained again`),
  })
  assert.equal(interrupted, false)
  assert.equal(sha256(lastOf('stopped', folders[0]!)), sha256(lastOf('study', folders[0]!)))
  copyRuns('straight')
  const straight = await study('straight', { data })
  assert.deepEqual(timeless(result, 'stopped'), timeless(straight.result, 'straight'))
  assert.deepEqual(timeless(result, 'stopped').networks, timeless(first.result, 'study').networks)
  assert.equal(result.startedAt, stopped.result.startedAt)
  assert.ok(stopped.result.seconds < evaluating.result.seconds && evaluating.result.seconds < result.seconds)
})

test('a study stopped while it draws leaves no data, and begins again', async () => {
  const controller = new AbortController()
  await assert.rejects(
    study('drawing', { signal: controller.signal, progress: () => controller.abort() }),
    (error: unknown) => error === controller.signal.reason,
  )
  assert.deepEqual(readdirSync(path.join(root, 'drawing')), [])
})

test('a folder with a study of something else is refused, and told what differs', async () => {
  const refused = (more: Partial<StudyOptions>, what: string) =>
    assert.rejects(study('study', more), (error: unknown) => {
      assert.ok(error instanceof UserError)
      assert.ok(
        error.message.includes(`holds a study with another ${what}: give another folder (--out)`),
        error.message,
      )
      return true
    })
  await refused({ preset: { ...tiny, comparison: { ...tiny.comparison, seeds: [1] } } }, 'preset')
  await refused({ precision: 'bf16' }, 'precision')
  await refused({ data, precision: 'bf16' }, 'data and another precision')
  await refused({ excluded: new Set(['one.jpg']) }, 'excluded images')
  await refused({ boxes: 'none', labels: 'from-one' }, 'numbering of classes and another source of boxes')
})

test('images to leave out that are none of the validation images are refused', async () => {
  await assert.rejects(study('other images', { excluded: new Set(['val/one.jpg']) }), /val\/one\.jpg .*is none of the/)
})

test('images that are left out change the single crop, and nothing else', async () => {
  copyRuns('excluded')
  const { val } = await openDataSets(data)
  const excluded = new Set(val.items.filter((_, i) => i % 3 === 0).map(item => item.path))
  const { result } = await study('excluded', { data, excluded, tell: title => assert.fail(title) })
  assert.deepEqual(
    result.protocols.map(({ id, images }) => [id, images]),
    [
      ['1', 8],
      ['12', 4],
      ['144', 2],
    ],
  )
  for (const [n, { runs }] of result.networks.entries())
    for (const [i, { errors }] of runs.entries()) {
      const { '1': all, ...others } = first.result.networks[n]!.runs[i]!.errors
      const { '1': kept, ...same } = errors
      assert.deepEqual(same, others)
      assert.equal(kept!.images, 8)
      const wrong = Math.round(kept!.top1Error * 8)
      assert.ok(Math.abs(wrong - kept!.top1Error * 8) < 1e-9 && wrong <= Math.round(all!.top1Error * 12))
    }
  assert.deepEqual([result.ensembles, result.paired], [first.result.ensembles, first.result.paired])
})

test('a run that died is in the result with its note, also before its first evaluation', async () => {
  copyRuns('deaths')
  const died = async (folder: string, isKept: (event: TrainingEvent) => boolean) => {
    const file = logOf('deaths', folder)
    const kept = readEventLog(file).filter(event => isKept(event) && event.type !== 'done')
    rmSync(file)
    const sink = jsonlSink(file)
    for (const event of kept) await sink.write(event)
    await sink.write({ type: 'died', step: 16, layer: 'resnet_c.0', file: 'step-16' })
    await sink.close()
  }
  await died(folders[0]!, () => true)
  await died(folders[1]!, event => event.type === 'start' || event.type === 'checkpoint')
  const { result } = await study('deaths', { data, tell: title => assert.fail(`${title} was trained again`) })
  const [one, two] = result.networks[0]!.runs
  const note = 'died at step 16: resnet_c.0 gave nothing but zeros'
  assert.deepEqual([one!.note, one!.epochs.length], [note, 2])
  assert.deepEqual([two!.note, two!.epochs.length], [note, 0])
  assert.deepEqual(
    [one!.errors, two!.errors],
    first.result.networks[0]!.runs.map(run => run.errors),
  )
})

test('a process that is stopped in an evaluation ends without a word', async () => {
  const run = path.join(root, 'lane')
  cpSync(path.join(root, 'study', folders[0]!), run, { recursive: true })
  rmSync(path.join(run, 'evaluations'), { recursive: true })
  const lane = fork(new URL('../../src/study/lanes/lane-process.js', import.meta.url), { silent: true })
  const order = { run, data, crops: '12', images: null, backend: 'auto', passes: [], precision: 'f32' } as const
  lane.send({ kind: 'evaluate', ...order } satisfies EvaluationOrder)
  lane.once('message', () => lane.send('stop'))
  let words = ''
  lane.stderr!.on('data', text => {
    words += text
  })
  const [code] = await once(lane, 'close')
  assert.deepEqual([code, words], [0, ''])
  assert.ok(!existsSync(path.join(run, 'evaluations', 'crops-12.safetensors')))
})

test('a process that is killed ends the study with a clear word, and what was finished is kept', async () => {
  copyRuns('killed')
  const gone = folders[3]!
  rmSync(path.join(root, 'killed', gone), { recursive: true })
  const children: ChildProcess[] = []
  subscribe('child_process', message => children.push((message as { process: ChildProcess }).process))
  await assert.rejects(
    study('killed', {
      data,
      tell: (_, event) => {
        if (event.type === 'start') children.at(-1)!.kill('SIGKILL')
      },
    }),
    (error: unknown) =>
      error instanceof UserError &&
      /^the process training Inception-v4, seed 2 ended with SIGKILL: start the command again to go on/.test(
        error.message,
      ),
  )
  const trained: string[] = []
  const { result } = await study('killed', {
    data,
    tell: (title, event) => {
      if (event.type === 'start') trained.push(title)
    },
  })
  assert.deepEqual(trained, ['Inception-v4, seed 2'])
  assert.deepEqual(result.networks[1]!.runs[1]!.errors, first.result.networks[1]!.runs[1]!.errors)
})

test('what cannot be read is left out and counted; what is damaged is named', async () => {
  copyRuns('damaged')
  const evaluation = path.join(root, 'damaged', folders[0]!, 'evaluations', 'crops-12.safetensors')
  truncateSync(evaluation, 50)
  await assert.rejects(
    study('damaged', { data }),
    /crops-12\.safetensors cannot be used: remove it, and it is made again/,
  )
  writeFileSync(path.join(root, 'damaged', 'study.json'), 'null')
  await assert.rejects(study('damaged', { data }), /study\.json was written by another version of this program/)
  writeFileSync(path.join(root, 'damaged', 'study.json'), '{')
  await assert.rejects(study('damaged', { data }), /study\.json is damaged: remove it to go on with the runs beside it/)
})

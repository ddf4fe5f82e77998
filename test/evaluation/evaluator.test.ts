import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Backend } from '../../src/backends/backend.js'
import { sharedOnednn } from '../../src/backends/onednn/onednn.js'
import { openBackend } from '../../src/backends/open.js'
import { soloCommunicator } from '../../src/communication/solo.js'
import type { ImageSet } from '../../src/data/class-folder.js'
import type { CropName } from '../../src/data/crops/protocol.js'
import { decodeFile } from '../../src/data/decode.js'
import { ImageViews } from '../../src/data/image-views.js'
import { inputExtent, type ViewPreprocessing } from '../../src/data/preprocessing.js'
import { openEvaluationData } from '../../src/data/sources/open.js'
import { evaluatorOf } from '../../src/evaluation/checkpoint-evaluator.js'
import { CompiledNetwork, declareNetwork } from '../../src/evaluation/compiled-network.js'
import type { Crops } from '../../src/evaluation/crops.js'
import { denseExtent } from '../../src/evaluation/dense.js'
import { type EvaluationOptions, Evaluator } from '../../src/evaluation/evaluator.js'
import { recordBytes } from '../../src/evaluation/kept-predictions.js'
import type { EvaluationProgress } from '../../src/evaluation/pace.js'
import { progressFilesOf } from '../../src/evaluation/progress-file.js'
import { softmaxInto } from '../../src/evaluation/scores.js'
import { readCheckpoint } from '../../src/training/checkpoint.js'
import { Replicas } from '../../src/training/replicas/replicas.js'
import { noise, pipeline } from '../data/picture.js'
import { temporaryFolder } from '../training/tiny-run.js'
import { untrainedClasses, untrainedModel, writeUntrained } from './untrained.js'

process.env.OMP_NUM_THREADS = '1'

const shared = sharedOnednn()
const native = 'reason' in shared ? { skip: shared.reason } : {}
const usedByTeam = () => ('reason' in shared ? 0 : shared.team.store.used)
const root = temporaryFolder()
const model = untrainedModel
const classNames = untrainedClasses

/** Two images a class: a square, and ones that are higher or wider. */
const pictures: readonly (readonly [file: string, width: number, height: number])[] = [
  ['ant/a', 80, 80],
  ['ant/b', 64, 90],
  ['bee/a', 90, 64],
  ['bee/b', 75, 100],
  ['cat/a', 76, 76],
  ['cat/b', 160, 70],
]
const data = path.join(root, 'data')
for (const [i, [file, width, height]] of pictures.entries()) {
  const name = path.join(data, `${file}.png`)
  mkdirSync(path.dirname(name), { recursive: true })
  await pipeline(noise(i, width, height))
    .png()
    .toFile(name)
}
const images = await openEvaluationData(data)

const checkpointFile = writeUntrained(path.join(root, 'untrained.safetensors'), classNames)

interface Setting {
  readonly backend: Backend
  readonly set?: ImageSet
  readonly crops?: Crops
  readonly badImages?: 'error' | 'skip'
  readonly batch?: number
  readonly file?: string
  readonly replicas?: Replicas
}

async function evaluate(
  { backend, set = images, crops, badImages = 'error', batch = 5, file = checkpointFile, replicas }: Setting,
  run?: EvaluationOptions,
) {
  using checkpoint = readCheckpoint(file)
  const options = { backend, precision: 'f32', images: set, badImages, crops, batch, replicas } as const
  await using evaluator = evaluatorOf(checkpoint, options)
  return await evaluator.run(run)
}

/** The same by the shortest way: every view by itself. */
async function expected(backend: Backend, kinds: (image: { width: number; height: number }) => ViewPreprocessing[]) {
  using checkpoint = readCheckpoint(checkpointFile)
  using store = backend.createStore()
  declareNetwork({ model, store, averages: false, extent: { width: 75, height: 75 } })
  for (const name of checkpoint.names) store.data(name).set(new Float32Array(checkpoint.tensor(name).bytes.buffer))
  const rows: number[] = []
  let views = 0
  for (const { path: file } of images.items) {
    const image = await decodeFile(file)
    const sum = [0, 0, 0]
    const all = kinds(image)
    for (const preprocessing of all) {
      const extent = inputExtent(preprocessing)
      using network = new CompiledNetwork({
        ...{ model, backend, precision: 'f32', store, averages: false, extent, batch: 1, tune: false },
      })
      const maker = new ImageViews(image, preprocessing)
      for (const [i, weight] of maker.weights.entries()) {
        if (weight === 0) continue
        views++
        const pixels = new Float32Array(extent.width * extent.height * 3)
        maker.write(i, pixels)
        network.feed(pixels, 0)
        const p = new Float32Array(3)
        softmaxInto(network.run(), 1, 3, p, 0)
        for (const k of [0, 1, 2]) sum[k]! += (weight * p[k]!) / all.length
      }
    }
    rows.push(...sum)
  }
  return { rows, views }
}

function assertClose(actual: Float32Array, wanted: readonly number[]) {
  assert.equal(actual.length, wanted.length)
  const worst = Math.max(...wanted.map((p, i) => Math.abs(p - actual[i]!)))
  assert.ok(worst < 1e-5, `off by ${worst}`)
}

const bytes = ({ predictions: { probabilities, labels } }: Awaited<ReturnType<typeof evaluate>>) =>
  Buffer.concat([Buffer.from(probabilities.buffer), Buffer.from(labels.buffer)]).toString('hex')

for (const name of ['onednn', 'reference'] as const) {
  const options = name === 'onednn' ? native : {}
  const open = () => openBackend(name, assert.fail)

  for (const crops of (name === 'onednn' ? ['slim', 'timm', '10', '12', '144'] : ['slim', '10']) as CropName[])
    test(`${name}: ${crops} crops average the probabilities of the views`, options, async () => {
      const backend = open()
      const result = await evaluate({ backend, crops: { kind: 'views', name: crops } })
      const { rows, views } = await expected(backend, () => [{ kind: 'views', crops, size: 75, fraction: 0.875 }])
      assertClose(result.predictions.probabilities, rows)
      assert.deepEqual([...result.predictions.labels], [0, 0, 1, 1, 2, 2])
      assert.equal(result.views, views)
      assert.equal(result.images, 6)
      assert.ok(result.imagesPerSecond > 0 && result.seconds > 0)
      assert.match(
        result.crops,
        crops === 'slim' ? /^single crop \(TF-Slim\): / : crops === 'timm' ? /timm/ : /^\d+ crops: /,
      )
    })

  test(`${name}: a dense evaluation is the mean over mirrors and sides of whole images`, options, async () => {
    const backend = open()
    const sides = name === 'onednn' ? [75, 96] : [75]
    const result = await evaluate({ backend, crops: { kind: 'dense', sides } })
    const { rows } = await expected(backend, image =>
      sides.map(side => ({ kind: 'whole', ...denseExtent(image, side) }) as const),
    )
    assertClose(result.predictions.probabilities, rows)
    assert.equal(result.views, 12 * sides.length)
    assert.match(result.crops, /^dense: /)
  })
}

const backend = () => openBackend('onednn', assert.fail)
const kinds: readonly (readonly [string, Crops])[] = [
  ['many views', { kind: 'views', name: '12' }],
  ['whole images', { kind: 'dense', sides: [75, 96] }],
]

for (const [name, crops] of kinds) {
  test(`${name}: an evaluation that was aborted goes on, and ends with the same bits`, native, async () => {
    const setting = { backend: backend(), crops }
    const whole = await evaluate(setting)
    const keep = path.join(root, `${crops.kind}.kept`)
    let sittings = 0
    let last: EvaluationProgress | undefined
    for (let finished = false; !finished; sittings++) {
      assert.ok(sittings < 100)
      const stop = new AbortController()
      const sizeNow = () => (existsSync(keep) ? statSync(keep).size : 0)
      const before = sizeNow()
      try {
        const result = await evaluate(setting, {
          keep,
          signal: stop.signal,
          progress(now) {
            last = now
            assert.equal(now.total, 6)
            if (sittings < 3 && now.done < 6 && sizeNow() > before) stop.abort(new Error('enough'))
          },
        })
        finished = true
        assert.equal(bytes(result), bytes(whole))
        const { seconds: _, imagesPerSecond: __, ...rest } = result
        const { seconds: ___, imagesPerSecond: ____, ...wanted } = whole
        assert.deepEqual(rest, wanted)
      } catch (error) {
        assert.equal((error as Error).message, 'enough')
      }
    }
    assert.ok(sittings > 2)
    assert.ok(Math.abs(last!.done - 6) < 1e-9)
    assert.equal(last!.secondsLeft, 0)

    // Finished, it is not computed again.
    const again = await evaluate(setting, { keep, progress: () => assert.fail() })
    assert.equal(bytes(again), bytes(whole))
    assert.equal(again.imagesPerSecond, 0)
    assert.equal(again.views, whole.views)

    // Cut anywhere, it is mended.
    const kept = readFileSync(keep)
    const header = kept.indexOf(0x0a) + 1
    for (const share of [0, 0.3, 0.55, 0.99]) {
      truncateSync(keep, Math.floor(header + share * (kept.length - header)))
      assert.equal(bytes(await evaluate(setting, { keep })), bytes(whole))
      assert.deepEqual(readFileSync(keep), kept)
    }
  })
}

test('an evaluation that was killed goes on, and ends with the same bits', native, async () => {
  const keep = path.join(root, 'killed.kept')
  const child = spawn(process.execPath, [
    fileURLToPath(new URL('./evaluate-kept.js', import.meta.url)),
    checkpointFile,
    data,
    keep,
  ])
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  child.kill('SIGKILL')
  await once(child, 'exit').catch(() => {})
  const setting = { backend: backend(), crops: { kind: 'views', name: '144' }, batch: 4 } as const
  const before = statSync(keep).size
  const result = await evaluate(setting, { keep })
  assert.ok(statSync(keep).size > before, 'something was left to do')
  assert.equal(bytes(result), bytes(await evaluate(setting)))
})

test('what other numbers of replicas have kept is not computed again, wherever it lies', native, async () => {
  const setting = { backend: backend(), crops: { kind: 'views', name: '12' } } as const
  const keep = path.join(root, 'shared.kept')
  const whole = await evaluate(setting, { keep })
  const file = readFileSync(keep)
  const header = file.indexOf(0x0a) + 1
  const head = file.subarray(0, header)
  const record = (i: number) => file.subarray(header + i * recordBytes(3), header + (i + 1) * recordBytes(3))
  // As two replicas leave it that were stopped, and three before them; one record was cut short.
  const [first, second, third] = ['1-of-2', '2-of-2', '3-of-3'].map(whose => keep.replace('.kept', `.${whose}.kept`))
  writeFileSync(first!, Buffer.concat([head, record(0), record(1)]))
  writeFileSync(second!, Buffer.concat([head, record(3), record(4).subarray(0, 20)]))
  writeFileSync(third!, Buffer.concat([head, record(5), record(1)]))
  rmSync(keep)
  assert.deepEqual(progressFilesOf(keep), [first, second, third])
  const result = await evaluate(setting, { keep })
  assert.equal(bytes(result), bytes(whole))
  assert.equal(result.views, whole.views)
  assert.deepEqual(readFileSync(keep), Buffer.concat([head, record(2), record(4)]))
})

test('kept predictions of another evaluation are refused by the word that differs', native, async () => {
  const keep = path.join(root, 'other.kept')
  const setting: Setting = { backend: backend(), crops: { kind: 'views', name: '10' } }
  await evaluate(setting, { keep })
  const other = writeUntrained(path.join(root, 'other.safetensors'), classNames, [1, 0, 2])
  const fewer = { ...images, items: images.items.slice(1) }
  for (const [change, word] of [
    [{ file: other }, 'weights'],
    [{ set: fewer }, 'images'],
    [{ crops: { kind: 'views', name: '12' } }, 'crops'],
    [{ batch: 4 }, 'batch'],
    [{ backend: openBackend('reference', assert.fail) }, 'backend'],
  ] as const)
    await assert.rejects(evaluate({ ...setting, ...change }, { keep }), {
      name: 'UserError',
      message: new RegExp(`other.kept holds predictions with another ${word} \\(.*: give the name of another file`),
    })
})

test('bad images are errors, or left out of every view and named, on going on too', native, async () => {
  const folder = path.join(root, 'bad data')
  for (const [file] of pictures) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    copyFileSync(path.join(data, `${file}.png`), path.join(folder, `${file}.png`))
  }
  const [cut, text] = ['ant/b.png', 'cat/b.png'].map(file => path.join(folder, file)) as [string, string]
  truncateSync(cut, 3000)
  writeFileSync(text, 'no image at all')
  const set = await openEvaluationData(folder)
  for (const [name, crops] of kinds) {
    const setting: Setting = { backend: backend(), crops, set, badImages: 'skip', batch: 3 }
    const keep = path.join(root, `bad ${crops.kind}.kept`)
    const result = await evaluate(setting, { keep })
    assert.equal(result.images, 4, name)
    assert.deepEqual([...result.predictions.labels], [0, -1, 1, 1, 2, -1])
    assert.deepEqual([...result.predictions.probabilities.subarray(3, 6)], [0, 0, 0])
    const notes = [
      { path: cut, reason: 'the image data is cut short or damaged' },
      { path: text, reason: 'the content is no JPEG, PNG or WebP image' },
    ]
    assert.deepEqual(result.bad, notes)
    truncateSync(keep, statSync(keep).size - 10)
    const again = await evaluate(setting, { keep })
    assert.deepEqual(again.bad, notes)
    assert.equal(bytes(again), bytes(result))
    await assert.rejects(evaluate({ ...setting, badImages: 'error' }, { keep }), {
      name: 'UserError',
      message: /bad image/,
    })
    await assert.rejects(evaluate({ ...setting, badImages: 'error' }), { name: 'UserError', message: /bad image/ })
    const none = { ...set, items: set.items.filter(item => [cut, text].includes(item.path)) }
    await assert.rejects(evaluate({ ...setting, set: none }), {
      name: 'UserError',
      message: /none of the images of .* can be decoded/,
    })
  }
})

test('classes that a checkpoint lists in another order are told by their names', native, async () => {
  const order = [2, 0, 1]
  const file = writeUntrained(
    path.join(root, 'order.safetensors'),
    order.map(i => classNames[i]!),
    order,
  )
  const setting: Setting = { backend: backend(), crops: { kind: 'views', name: '10' } }
  const [plain, reordered] = [await evaluate(setting), await evaluate({ ...setting, file })]
  assertClose(reordered.predictions.probabilities, [...plain.predictions.probabilities])
  assert.deepEqual(reordered.predictions.labels, plain.predictions.labels)
  const doubled = writeUntrained(path.join(root, 'doubled.safetensors'), [...classNames, 'cat'])
  await assert.rejects(
    evaluate({ ...setting, file: doubled }),
    /lists 4 classes, 3 of them different, and its network has 3/,
  )
})

test('sides and sizes that the network does not accept are refused before anything else', native, async () => {
  const setting: Setting = { backend: backend() }
  const before = usedByTeam()
  await assert.rejects(evaluate({ ...setting, crops: { kind: 'dense', sides: [96, 74] } }), {
    name: 'UserError',
    message: 'inception-resnet-v1 does not fit images of 74×74: the least size is 75',
  })
  await assert.rejects(evaluate({ ...setting, crops: { kind: 'dense', sides: [] } }), /needs a side/)
  assert.equal(usedByTeam(), before)
})

test(
  'an evaluator that is gone has given back what it took, and a store that is not its own stays',
  native,
  async () => {
    const before = usedByTeam()
    for (const [, crops] of kinds) await evaluate({ backend: backend(), crops })
    assert.equal(usedByTeam(), before)

    using store = backend().createStore()
    {
      await using evaluator = new Evaluator({
        ...{ model, backend: backend(), precision: 'f32', store, images, badImages: 'error', averages: false },
      })
      const [first, second] = [await evaluator.run(), await evaluator.run()]
      assert.equal(bytes(first), bytes(second))
    }
    assert.ok(store.data('logits.weights').length > 0)
  },
)

test('other replicas hear of every image that is looked at and every batch', native, async () => {
  for (const crops of [
    { kind: 'views', name: '12' },
    { kind: 'dense', sides: [75] },
  ] as const) {
    let pieces = 0
    const replicas = new Replicas({ ...soloCommunicator(), worked: () => void pieces++ })
    const told: number[] = []
    const progress = () => void told.push(pieces)
    const { views } = await evaluate({ backend: backend(), crops, batch: 1, replicas }, { progress })
    // Of one image each: no two batches without a word between them.
    assert.ok(new Set(told).size >= views)
    if (crops.kind === 'dense') assert.ok(told[0]! >= images.items.length)
  }
})

test('an evaluation that is aborted before it begins does nothing', native, async () => {
  const keep = path.join(root, 'never.kept')
  await assert.rejects(evaluate({ backend: backend() }, { keep, signal: AbortSignal.abort() }), { name: 'AbortError' })
  assert.equal(existsSync(keep), false)
})

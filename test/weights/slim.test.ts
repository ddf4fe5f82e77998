import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { openBackend } from '../../src/backends/open.js'
import { type Shape, sizeOf } from '../../src/base/shape.js'
import { imagenetClasses } from '../../src/data/imagenet-classes.js'
import { fileDigest } from '../../src/formats/file-digest.js'
import { openSafetensors } from '../../src/formats/safetensors.js'
import { hasClassRows } from '../../src/networks/heads.js'
import { type Checkpoint, readCheckpoint } from '../../src/training/checkpoint.js'
import { decodeState, restore } from '../../src/training/checkpoint-state.js'
import { exportWeights } from '../../src/weights/export-weights.js'
import { isScale } from '../../src/weights/family.js'
import { importWeights } from '../../src/weights/import-weights.js'
import { slimInceptionV2 } from '../../src/weights/slim/inception-v2.js'
import { slimInceptionV4 } from '../../src/weights/slim/inception-v4.js'
import { openTensorFile } from '../../src/weights/tensor-file.js'
import { timmInceptionV4 } from '../../src/weights/torch/timm-inception-v4.js'
import { variablesOf } from '../../src/weights/variables.js'
import { assertDone, assertRefused, inception } from '../cli/inception.js'
import { writeBundle, writeSliced } from '../formats/tensorflow-writer.js'
import { checkLogits } from '../golden/golden.js'
import { goldenInceptionV4 } from '../golden/inception-v4.js'
import { type Numbers, scalelessWeights } from './golden-weights.js'
import { refuses } from './refuses.js'
import { bundledFloats, slicedCounter, slicedFloats, toTensorflow } from './tensorflow-file.js'

const folder = mkdtempSync(path.join(tmpdir(), 'slim-'))
after(() => rmSync(folder, { recursive: true }))
const place = (name: string) => path.join(folder, name)

const wnids = imagenetClasses.map(({ wnid }) => wnid)
const numbersOf = (checkpoint: Checkpoint, name: string) => new Float32Array(checkpoint.tensor(name).bytes.buffer)

const scaleless = scalelessWeights(goldenInceptionV4)

const background = 77

/** With a row of numbers that are no class's before the first. */
function withBackground({ shape, values }: Numbers): Numbers {
  const [rows = 0, ...rest] = shape
  const all = new Float32Array(values.length + sizeOf(rest)).fill(background)
  all.set(values, sizeOf(rest))
  return { shape: [rows + 1, ...rest], values: all }
}

test("TF-Slim's Inception-v4 in a file of the first kind, imported by the command, gives timm's logits", async () => {
  const file = place('inception_v4.ckpt')
  const heads = variablesOf('inception-v4', 1001, { auxiliary: true, normScale: false })
  const tensors = [...slimInceptionV4.names, ...slimInceptionV4.auxiliary!]
    .filter(([ours]) => !isScale(ours))
    .map(([ours, theirs]) => {
      const here = ours.startsWith('auxiliary.')
        ? { shape: heads.get(ours)!, values: new Float32Array(sizeOf(heads.get(ours)!)).fill(0.5) }
        : scaleless(ours)
      const { shape, values } = !ours.startsWith('auxiliary.') && hasClassRows(ours) ? withBackground(here) : here
      const there = toTensorflow(values, shape)
      return slicedFloats(theirs, there.shape, there.values)
    })
  writeSliced(file, [...tensors, slicedCounter('global_step', 2_000_000)])

  const out = place('v4.checkpoint')
  const { stdout } = assertDone(await inception(['import', file, '--network', 'inception-v4', '--out', out]))
  assert.match(
    stdout,
    /inception-v4 of 1,000 classes from TF-Slim's inception_v4, 46,006,800 parameters in 608 tensors/,
  )
  assert.match(stdout, /the first row of the logits, which is no class, was dropped/)
  assert.match(stdout, /with the auxiliary head/)
  assert.match(stdout, /ignored: counters of training steps \(1\)$/m)
  using checkpoint = readCheckpoint(out)
  const state = decodeState(checkpoint)
  assert.deepEqual(
    [state.crop, state.centralFraction, state.model.normScale, state.model.classes],
    ['slim', 0.875, false, 1000],
  )
  assert.deepEqual(state.classNames, wnids)
  assert.deepEqual(state.source, {
    file: 'inception_v4.ckpt',
    sha256: fileDigest(file),
    from: "TF-Slim's inception_v4",
  })
  assert.deepEqual(checkpoint.tensor('auxiliary.logits.weights').shape, [1000, 768])
  const backend = openBackend('auto', () => {}, {})
  checkLogits(backend, goldenInceptionV4, { images: 1, normScale: false, fill: store => restore(store, checkpoint) })
})

test('weights of TF-Slim go on to timm, with scales of 1, and are not written as they came', async () => {
  const out = place('v4.safetensors')
  using checkpoint = readCheckpoint(place('v4.checkpoint'))
  await refuses(
    async () => exportWeights(checkpoint, 'slim', out),
    /TF-Slim's inception_v4 are TensorFlow's, which are read here and not written: choose timm$/,
  )
  exportWeights(checkpoint, 'timm', out)
  using exported = openSafetensors(out)
  assert.equal(exported.tensors.size, timmInceptionV4.names.size)
  for (const [ours, theirs] of timmInceptionV4.names)
    if (isScale(ours)) assert.ok(new Float32Array(exported.read(theirs).buffer).every(scale => scale === 1))
    else assert.deepEqual(exported.read(theirs), checkpoint.tensor(ours).bytes)
})

/** Inception-v2 as a bundle whose index is compressed, its numbers told from each other by where they stand. */
function writeInceptionV2(prefix: string): void {
  const shapes = variablesOf('bn-inception', 1001, { auxiliary: false, normScale: false })
  const tensors = [...slimInceptionV2.names]
    .filter(([ours]) => shapes.has(ours))
    .flatMap(([ours, theirs], n) => {
      const { shape, values } = depthwiseOrSqueezed(ours, shapes.get(ours)!)
      const averaged = n % 2 === 0
      return [
        bundledFloats(theirs, shape, averaged ? values.map(value => value + 1000) : values),
        bundledFloats(`${theirs}/RMSProp`, shape.slice(-1), new Float32Array(shape.at(-1)!)),
        ...(averaged ? [bundledFloats(`${theirs}/ExponentialMovingAverage`, shape, values)] : []),
      ]
    })
  writeBundle(prefix, tensors, 2, { snappy: true })
}

/** The two layers that slim's Inception-v2 keeps in shapes of its own, and the others. */
function depthwiseOrSqueezed(ours: string, here: Shape) {
  const { shape, values } = toTensorflow(ramp(here), here)
  if (ours === 'logits.weights') return { shape: [1, 1, ...shape], values }
  // [7, 7, 1, 24] of 24 channels out is [7, 7, 3, 8]: channel in · 8 + multiple.
  if (ours === 'conv_1a.a_7x7.weights') return { shape: [7, 7, 3, 8], values }
  return { shape, values }
}

const ramp = (shape: Shape) => Float32Array.from({ length: sizeOf(shape) }, (_, i) => (i % 4093) / 4)

test('a bundle is read by its name or by any of its files, its running averages before the values in training', async () => {
  const prefix = place('model.ckpt-7')
  writeInceptionV2(prefix)
  const files = [`${prefix}.index`, `${prefix}.data-00000-of-00002`, `${prefix}.data-00001-of-00002`]
  writeFileSync(`${prefix}.meta`, 'a graph')
  for (const name of [`${prefix}.meta`, ...files]) {
    using file = await openTensorFile(name)
    assert.deepEqual(file.files, files)
  }
  const out = place('v2.checkpoint')
  const imported = await importWeights({ file: prefix, from: 'auto', network: 'bn-inception', out })
  assert.deepEqual([imported.files, imported.sha256], [files, fileDigest(...files)])
  const ignored = (kind: string) => imported.ignored.filter(({ what }) => what === kind).length
  assert.equal(imported.ignored.length, 277 + 139)
  assert.equal(ignored('slots of an optimiser'), 277)
  assert.equal(ignored('values whose running averages are used'), 139)
  using checkpoint = readCheckpoint(out)
  const state = decodeState(checkpoint)
  assert.deepEqual([state.model.normScale, state.crop, state.classNames], [false, 'slim', wnids])
  for (const [ours, shape] of variablesOf('bn-inception', 1001, { auxiliary: false, normScale: false })) {
    const dropped = hasClassRows(ours) ? sizeOf(shape.slice(1)) : 0
    assert.deepEqual(numbersOf(checkpoint, ours), ramp(shape).subarray(dropped), ours)
  }
})

test('what is wrong with a checkpoint of TensorFlow is said in a line', async () => {
  const prefix = place('model.ckpt-7')
  const importing = (file: string, network = 'bn-inception', out = place('never')) =>
    importWeights({ file, from: 'auto', network, out })
  await refuses(
    () => importing(prefix, 'inception-resnet-v2-slim'),
    /holds no inception-resnet-v2-slim but looks like TF-Slim's inception_v2: import it with --network bn-inception$/,
  )
  await refuses(() => importing(prefix, 'bn-inception', `${prefix}.data-00001-of-00002`), /is the file to import/)
  renameSync(`${prefix}.index`, place('elsewhere'))
  for (const part of ['meta', 'data-00000-of-00002'])
    await refuses(
      () => importing(`${prefix}.${part}`),
      /only a part of a TensorFlow checkpoint, and the list of its tensors, .*model\.ckpt-7\.index, is missing/,
    )
  await refuses(() => importing(prefix), /cannot read .*model\.ckpt-7: there is no such file/)
  writeFileSync(place('inception_v2.tar.gz'), Buffer.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3))
  const network = ['--network', 'bn-inception', '--out', place('never')]
  const packed = await inception(['import', place('inception_v2.tar.gz'), ...network])
  assertRefused(packed, 1, /is a packed archive \(gzip\): unpack it/)
})

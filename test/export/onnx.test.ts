import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { openBackend } from '../../src/backends/open.js'
import { RandomStream } from '../../src/base/random.js'
import { openSplit } from '../../src/data/class-folder.js'
import { writeSynth } from '../../src/data/synth/folder.js'
import { averagesOf } from '../../src/evaluation/checkpoint-averages.js'
import { evaluatorOf } from '../../src/evaluation/checkpoint-evaluator.js'
import { CompiledNetwork } from '../../src/evaluation/compiled-network.js'
import { normalisationOf, toPixelValues } from '../../src/export/normalisation.js'
import { openCalibration } from '../../src/export/onnx/calibration.js'
import {
  type ExportedOnnx,
  exportOnnx,
  type OnnxExportOptions,
  variantFile,
} from '../../src/export/onnx/export-onnx.js'
import { loadOnnxRuntime, loadWebAssembly, type OnnxSession } from '../../src/export/onnx/runtime.js'
import { networkOf } from '../../src/networks/model-spec.js'
import { networks } from '../../src/networks/networks.js'
import { readCheckpoint } from '../../src/training/checkpoint.js'
import { decodeState } from '../../src/training/checkpoint-state.js'
import { assertDone, assertRefused, inception } from '../cli/inception.js'
import { bytesField, fieldsOf } from '../formats/protobuf-fields.js'
import { temporaryFolder } from '../training/tiny-run.js'
import { smallModel, writeSmallCheckpoint } from './small-checkpoint.js'

const folder = temporaryFolder()
const place = (name: string) => path.join(folder, name)
const backend = openBackend('auto', () => {}, { threads: 1 })
const runtime = await loadOnnxRuntime(1)

/** A checkpoint of a small network of this id. */
function checkpointOf(id: string): string {
  const file = place(`${id}.safetensors`)
  if (!readdirSync(folder).includes(path.basename(file))) writeSmallCheckpoint(file, smallModel(id))
  return file
}

/** Logits of `count` images of noise, of ours and of a session. */
async function bothLogits(file: string, session: OnnxSession, count: number) {
  using checkpoint = readCheckpoint(file)
  const { model } = decodeState(checkpoint)
  const { size } = model
  using store = averagesOf(checkpoint, backend)
  using network = new CompiledNetwork({
    ...{ model, backend, store, precision: 'f32', averages: false, tune: false, batch: count },
    extent: { width: size, height: size },
  })
  const length = 3 * size ** 2
  const data = new Float32Array(count * length)
  const random = new RandomStream(count, 'noise')
  for (let i = 0; i < count; i++) {
    const image = Float32Array.from({ length }, () => random.uniform(-1, 1))
    network.feed(image, i)
    const normalisation = normalisationOf(networkOf(model).preprocessing)
    toPixelValues(image, normalisation, data.subarray(i * length, (i + 1) * length))
  }
  const theirs = await session.run({ pixel_values: { shape: [count, 3, size, size], data } })
  return { ours: network.run(), theirs: theirs.get(session.outputs[0]!)! }
}

function assertClose(theirs: Float32Array, ours: Float32Array, bound: number): void {
  assert.equal(theirs.length, ours.length)
  const largest = ours.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  for (const [i, x] of theirs.entries())
    assert.ok(Math.abs(x - ours[i]!) <= bound * largest, `logit ${i}: ${x} there, ${ours[i]} here`)
}

const plain = (id: string, foldNorm: boolean) => place(`${id}${foldNorm ? '' : '-norms'}.onnx`)

for (const { id, embedding } of networks)
  for (const foldNorm of [true, false])
    test(`${id}, norms ${foldNorm ? 'folded' : 'kept'}, has our logits for any number of images`, async () => {
      using checkpoint = readCheckpoint(checkpointOf(id))
      const out = plain(id, foldNorm)
      const { files } = await exportOnnx(checkpoint, { out, backend, foldNorm })
      assert.ok(files[0]!.difference.relative < 1e-5)
      assert.equal(files[0]!.bytes, statSync(out).size)
      await using session = await runtime.open(out)
      assert.deepEqual(session.outputs, [embedding === undefined ? 'logits' : 'embedding'])
      for (const count of [1, 2, 5]) {
        const { ours, theirs } = await bothLogits(checkpointOf(id), session, count)
        assertClose(theirs, ours, 1e-5)
      }
      const kept = readFileSync(out).includes('BatchNormalization')
      assert.equal(kept, !foldNorm)
    })

/** What the ONNX project's own checker says of files; undefined where it is not installed. */
function checkedByOnnx(files: readonly string[]): string | undefined {
  const script = `
import sys
try:
    import onnx
except ImportError:
    sys.exit(77)
for file in sys.argv[1:]:
    onnx.checker.check_model(file, full_check=True)
print('checked', len(sys.argv) - 1)`
  for (const python of ['/usr/bin/python3', 'python3']) {
    const { status, stdout, stderr } = spawnSync(python, ['-c', script, ...files], { encoding: 'utf8' })
    if (status === 77 || status === null) continue
    return stdout + stderr
  }
  return undefined
}

const images = place('images')
await writeSynth(images, { seed: 3, train: 12, val: 6, classes: 3, size: 80, difficulty: 0.5 })

test('half precision and 8 bits are near f32, here and in WebAssembly, and smaller', async () => {
  const id = 'inception-resnet-v2'
  using checkpoint = readCheckpoint(checkpointOf(id))
  const out = place('model.onnx')
  const calibration = await openCalibration(path.join(images, 'val', 'disc-stripes'))
  const { files } = await exportOnnx(checkpoint, { out, backend, variants: ['fp16', 'q8'], calibration })
  assert.deepEqual(
    files.map(({ file }) => path.basename(file)),
    ['model.onnx', 'model_fp16.onnx', 'model_quantized.onnx'],
  )
  const [f32, fp16, q8] = files.map(({ bytes }) => bytes) as [number, number, number]
  assert.ok(fp16 < 0.62 * f32 && q8 < 0.45 * f32, `${f32}, ${fp16} and ${q8} bytes`)
  for (const { accuracy } of files) {
    assert.equal(accuracy!.images, 2)
    assert.equal(accuracy!.top1Error, undefined)
  }
  assert.equal(files[0]!.accuracy!.meanDifference, 0)
  assert.ok(files[1]!.accuracy!.meanDifference > 0)
  const web = await loadWebAssembly(1)
  for (const [variant, bound] of [
    ['f32', 1e-5],
    ['fp16', 0.01],
    ['q8', 0.1],
  ] as const)
    for (const each of [runtime, web]) {
      await using session = await each.open(variantFile(out, variant))
      const { ours, theirs } = await bothLogits(checkpointOf(id), session, 2)
      assertClose(theirs, ours, bound)
    }
})

test("ONNX's own checker takes every file", t => {
  const files = readdirSync(folder)
    .filter(name => name.endsWith('.onnx'))
    .map(place)
  assert.equal(files.length, 2 * networks.length + 3)
  const said = checkedByOnnx(files)
  if (said === undefined) return t.skip("Python's onnx is not installed (python3-onnx on Debian)")
  assert.equal(said.trim(), `checked ${files.length}`)
})

test('the file says what it is: axes, producer, and how its input is made', () => {
  const model = readFileSync(plain('inception-v4', true))
  const text = (bytes: Buffer) => bytes.toString('utf8')
  assert.equal(text(bytesField(model, 2)), 'inception-resnet')
  const graph = bytesField(model, 7)
  /** Name, element type and axes of a ValueInfoProto. */
  const described = (field: number) => {
    const value = bytesField(graph, field)
    const tensor = bytesField(bytesField(value, 2), 1)
    const axes = fieldsOf(bytesField(tensor, 2)).map(axis => {
      const [length] = fieldsOf(axis.value as Buffer)
      return typeof length!.value === 'bigint' ? Number(length!.value) : text(length!.value)
    })
    return [text(bytesField(value, 1)), axes]
  }
  assert.deepEqual(described(11), ['pixel_values', ['batch', 3, 79, 79]])
  assert.deepEqual(described(12), ['logits', ['batch', 10]])
  const metadata = Object.fromEntries(
    fieldsOf(model)
      .filter(({ number }) => number === 14)
      .map(({ value }) => [text(bytesField(value as Buffer, 1)), text(bytesField(value as Buffer, 2))]),
  )
  assert.equal(metadata.network, 'inception-v4')
  assert.deepEqual(JSON.parse(metadata.classes!)[9], 'class 9')
  assert.deepEqual(JSON.parse(metadata.mean!), [0.5, 0.5, 0.5])
  assert.equal(metadata.step, '7')
})

test('errors of all variants are measured on labelled images, as our evaluation measures them', async () => {
  const set = await openSplit(path.join(images, 'train'))
  const file = place('labelled.safetensors')
  // The network's classes stand in another order than the folder's.
  writeSmallCheckpoint(file, smallModel('inception-v4', { classes: 3 }), set.classes.toReversed())
  using checkpoint = readCheckpoint(file)
  await using evaluator = evaluatorOf(checkpoint, { backend, precision: 'f32', images: set, badImages: 'error' })
  const ours = await evaluator.run()
  const { files } = await exportOnnx(checkpoint, {
    ...{ out: place('labelled.onnx'), backend, images: set, variants: ['fp16', 'q8'] },
    // Of a data folder its training images.
    calibration: await openCalibration(images),
  })
  const accuracies = files.map(({ accuracy }) => accuracy!)
  assert.equal(accuracies[0]!.top1Error, ours.top1Error)
  assert.equal(accuracies[0]!.agreement, 1)
  for (const { images: count, top5Error, agreement, milliseconds } of accuracies) {
    assert.equal(count, ours.images)
    assert.equal(top5Error, 0)
    assert.ok(agreement! > 0.7 && milliseconds > 0)
  }
})

test('a model whose logits are too far off is refused, and nothing is left', async () => {
  using checkpoint = readCheckpoint(checkpointOf('inception-v3'))
  mkdirSync(place('refused'))
  const out = place('refused/model.onnx')
  await assert.rejects(
    exportOnnx(checkpoint, { out, backend, bound: 1e-12 }),
    /refused: logits of f32 in ONNX Runtime .* are off by .*, and the bound is 1\.0e-12; nothing was written/,
  )
  assert.deepEqual(readdirSync(place('refused')), [])
})

test('what cannot be exported is refused before anything is written', async () => {
  using checkpoint = readCheckpoint(checkpointOf('inception-resnet-v1'))
  const set = await openSplit(path.join(images, 'train'))
  const refused = (options: Partial<OnnxExportOptions>, message: RegExp) =>
    assert.rejects(exportOnnx(checkpoint, { out: place('refused/model.onnx'), backend, ...options }), message)
  await refused({ variants: ['q8'] }, /q8 needs images .* \(--calibrate\)/)
  await refused({ variants: ['q8'], foldNorm: false, calibration: set }, /leave out q8 or --no-fold-norm/)
  await refused({ images: set }, /of 10 classes and .* has 3: 'disc-stripes' is not in both/)
  await refused({ out: checkpoint.file }, /is the checkpoint to export/)
  await refused({ out: place('nowhere/model.onnx') }, /cannot write .*nowhere/)
  await assert.rejects(openCalibration(place('nowhere')), /cannot read .*nowhere/)
  assert.deepEqual(readdirSync(place('refused')), [])
})

test('the command writes the variants, and tells the options of its form from others', async () => {
  const out = place('cli.onnx')
  const given = ['export', checkpointOf('inception-resnet-v1'), '--to', 'onnx', '--out', out]
  const [other, unknown, done] = await Promise.all([
    inception([...given, '--names', 'timm']),
    inception([...given, '--variants', 'fp16,q4']),
    inception([...given, '--variants', 'fp16,q8', '--calibrate', path.join(images, 'train'), '--json']),
  ])
  assertRefused(other, 2, /--names belongs to --to safetensors, not to --to onnx: leave it out/)
  assertRefused(unknown, 2, /unknown variant 'q4'/)
  const { runtime: title, files } = JSON.parse(assertDone(done).stdout) as ExportedOnnx
  assert.match(title, /^ONNX Runtime \d/)
  assert.deepEqual(
    files.map(({ variant, accuracy }) => [variant, accuracy?.images]),
    [
      ['f32', 12],
      ['fp16', 12],
      ['q8', 12],
    ],
  )
})

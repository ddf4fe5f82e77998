import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { Group } from 'h5wasm'
import { openBackend } from '../../src/backends/open.js'
import { type Shape, sizeOf } from '../../src/base/shape.js'
import { imagenetClasses } from '../../src/data/imagenet-classes.js'
import { readCheckpoint } from '../../src/training/checkpoint.js'
import { decodeState, restore } from '../../src/training/checkpoint-state.js'
import { importWeights } from '../../src/weights/import-weights.js'
import { kerasInceptionV3 } from '../../src/weights/keras/inception-v3.js'
import { kerasResnet152 } from '../../src/weights/keras/resnet-152.js'
import { matchWeights } from '../../src/weights/match.js'
import { openTensorFile } from '../../src/weights/tensor-file.js'
import { variablesOf } from '../../src/weights/variables.js'
import { assertDone, inception } from '../cli/inception.js'
import { addLayers, addWeight, hdf5, type Weights, zip } from '../formats/keras-writer.js'
import { checkLogits } from '../golden/golden.js'
import { goldenResnet152V1 } from '../golden/resnet-152-v1.js'
import { goldenWeights } from './golden-weights.js'
import { refuses } from './refuses.js'
import { toTensorflow } from './tensorflow-file.js'

const folder = mkdtempSync(path.join(tmpdir(), 'keras-weights-'))
after(() => rmSync(folder, { recursive: true }))
const place = (name: string) => path.join(folder, name)

function put(name: string, bytes: Uint8Array): string {
  writeFileSync(place(name), bytes)
  return place(name)
}

/** As TensorFlow lays out a tensor of this shape here. */
const thereOf = (shape: Shape): Shape => (shape.length < 2 ? shape : [...shape.slice(2), shape[1]!, shape[0]!])

const layerOf = (name: string) => name.slice(0, name.lastIndexOf('/'))

test("Keras' ResNet152 as the file of 2019 has it, imported by the command, gives the golden logits", async () => {
  const weights = goldenWeights(goldenResnet152V1)
  const layers: Record<string, Record<string, Weights[string]>> = {}
  for (const [ours, name] of kerasResnet152.names) {
    const theirs = name.replace('predictions/', 'probs/')
    const { shape, values } = weights(ours)
    const there = toTensorflow(values, shape)
    const layer = (layers[layerOf(theirs)] ??= {})
    layer[`${theirs}:0`] = [there.shape, there.values]
  }
  // As a whole model has it: in the order of its depth, with layers that have no weights.
  const shuffled = Object.fromEntries([...Object.entries(layers).reverse(), ['avg_pool', {}]])
  const file = put('resnet152_weights_tf_dim_ordering_tf_kernels.h5', await hdf5(h5 => addLayers(h5, shuffled)))

  const out = place('resnet152.checkpoint')
  const { stdout } = assertDone(await inception(['import', file, '--network', 'resnet-152', '--out', out]))
  assert.match(stdout, /resnet-152-v1 of 1,000 classes from Keras's ResNet152, 60,268,520 parameters in 932 tensors/)
  using checkpoint = readCheckpoint(out)
  const { classNames, crop, source } = decodeState(checkpoint)
  assert.deepEqual(
    classNames,
    imagenetClasses.map(({ wnid }) => wnid),
  )
  assert.deepEqual([crop, source?.from], ['torchvision', "Keras's ResNet152"])
  const backend = openBackend('auto', () => {}, {})
  checkLogits(backend, goldenResnet152V1, { images: 1, fill: store => restore(store, checkpoint) })
  rmSync(file)
})

/** Numbers that tell every tensor, and every place in one, from every other; all exact in f32. */
const marks = (tensor: number, length: number) => Float32Array.from({ length }, (_, i) => tensor + (i % 4096) / 4096)

test("Keras 3's archive of InceptionV3, with its layers numbered from 0 and its weights by place, is imported", async () => {
  const shapes = [...variablesOf('inception-v3', 1000, { auxiliary: false, normScale: false })]
  const layers = new Map<string, (readonly [theirs: string, shape: readonly number[], values: Float32Array])[]>()
  for (const [i, [ours, shape]] of shapes.entries()) {
    const theirs = kerasInceptionV3.names.get(ours)!
    const there = toTensorflow(marks(i, sizeOf(shape)), shape)
    const layer = layerOf(theirs).replace(/_(\d+)$/, (_, number) => (number === '1' ? '' : `_${Number(number) - 1}`))
    layers.set(layer, [...(layers.get(layer) ?? []), [theirs, there.shape, there.values]])
  }
  // The order of a layer's weights in Keras; the model's order of layers is another than that of their numbers.
  const order = ['kernel', 'bias', 'gamma', 'beta', 'moving_mean', 'moving_variance']
  const rank = (theirs: string) => order.indexOf(theirs.slice(theirs.lastIndexOf('/') + 1))
  const names = [...layers.keys()].reverse()
  const kinds: Record<string, string> = { conv2d: 'Conv2D', batch_normalization: 'BatchNormalization' }
  const counts = new Map<string, number>()
  const placed = names.map(name => {
    const kind = name.replace(/_\d+$/, '')
    const count = counts.get(kind) ?? 0
    counts.set(kind, count + 1)
    const word = kind in kinds ? kind : 'dense'
    return { name, class_name: kinds[kind] ?? 'Dense', path: `layers/${word}${count === 0 ? '' : `_${count}`}` }
  })
  const weights = await hdf5(file => {
    for (const { name, path: at } of placed) {
      const held = layers.get(name)!.sort(([a], [b]) => rank(a) - rank(b))
      for (const [i, [, shape, values]] of held.entries())
        addWeight(file as unknown as Group, `${at}/vars/${i}`, shape, values)
    }
    addWeight(file as unknown as Group, 'optimizer/vars/0', [3], [1, 2, 3])
  })
  const config = {
    class_name: 'Functional',
    config: { layers: placed.map(({ name, class_name }) => ({ class_name, name, config: { name } })) },
  }
  const file = put(
    'inception_v3.keras',
    zip([
      { name: 'metadata.json', content: '{"keras_version": "3.4.1"}' },
      { name: 'config.json', content: JSON.stringify(config) },
      { name: 'model.weights.h5', content: weights },
    ]),
  )
  const out = place('v3.checkpoint')
  const imported = await importWeights({ file, from: 'keras', network: 'inception-v3', out })
  assert.deepEqual(imported.ignored, [{ name: 'optimizer/0', what: 'slots of an optimiser' }])
  using checkpoint = readCheckpoint(out)
  assert.equal(checkpoint.names.length, 378)
  for (const [i, [ours, shape]] of shapes.entries()) {
    const { bytes, ...tensor } = checkpoint.tensor(ours)
    assert.deepEqual(tensor, { dtype: 'F32', shape }, ours)
    assert.ok(Buffer.from(bytes).equals(Buffer.from(marks(i, sizeOf(shape)).buffer)), ours)
  }
  await refuses(
    () => importWeights({ file, from: 'auto', network: 'inception-resnet-v2-slim', out: place('other.checkpoint') }),
    /holds no inception-resnet-v2-slim but looks like Keras's InceptionV3: import it with --network inception-v3$/,
  )
  rmSync(file)
})

test('layers that are numbered from where an earlier model of the process ended are found', () => {
  const shapes = variablesOf('inception-v3', 1000, { auxiliary: false, normScale: false })
  const later = (name: string) =>
    name.replace(/^(conv2d|batch_normalization)_(\d+)/, (_, kind: string, n: string) => `${kind}_${Number(n) + 94}`)
  const tensors = [...kerasInceptionV3.names]
    .filter(([ours]) => shapes.has(ours))
    .map(([ours, theirs]) => [later(theirs), { dtype: 'F32', shape: thereOf(shapes.get(ours)!) }] as const)
  const found = matchWeights({ path: 'later.h5', tensors: new Map(tensors) }, 'auto', 'inception-v3')
  assert.deepEqual(
    found.tensors.map(({ theirs }) => theirs),
    tensors.map(([name]) => name),
  )
  const without = new Map(tensors.filter(([name]) => name !== 'conv2d_100/kernel'))
  assert.throws(
    () => matchWeights({ path: 'later.h5', tensors: without }, 'auto', 'inception-v3'),
    /later\.h5 lacks "conv2d_100\/kernel" \(here mixed_5b\.branch_0\.a_1x1\.weights\) of Keras's InceptionV3/,
  )
})

/** Every file of test/formats/fixtures/keras/make.py that holds its whole network. */
const fixtures = ['whole.h5', 'legacy_weights.h5', 'model.keras', 'model.weights.h5'] as const

test('files of Keras in all its forms are the same tensors', async () => {
  for (const name of fixtures) {
    const fixture = new URL(`../../../test/formats/fixtures/keras/${name}.gz`, import.meta.url)
    using file = await openTensorFile(put(name, gunzipSync(readFileSync(fixture))))
    const read = (tensor: string) => [...new Float32Array(file.read(tensor).buffer)]
    const ramp = (start: number, length: number) => Array.from({ length }, (_, i) => start + i)
    for (const [tensor, start, shape] of [
      ['conv2d/kernel', 0, [3, 3, 3, 4]],
      ['batch_normalization/beta', 100, [4]],
      ['batch_normalization/moving_mean', 200, [4]],
      ['batch_normalization/moving_variance', 300, [4]],
      ['block35_1_conv/kernel', 400, [1, 1, 4, 4]],
      ['block35_1_conv/bias', 500, [4]],
      ['predictions/kernel', 600, [4, 2]],
      ['predictions/bias', 700, [2]],
    ] as const) {
      assert.deepEqual(file.tensors.get(tensor), { dtype: 'F32', shape }, `${name}: ${tensor}`)
      assert.deepEqual(read(tensor), ramp(start, sizeOf(shape)), `${name}: ${tensor}`)
    }
  }
})

test('weights of Keras 3 that do not say what their layers are called are refused', async () => {
  const bytes = await hdf5(file =>
    addWeight(file as unknown as Group, 'layers/conv2d/vars/0', [1, 1, 3, 2], [1, 2, 3, 4, 5, 6]),
  )
  const file = put('unnamed.weights.h5', bytes)
  await refuses(
    () => importWeights({ file, from: 'auto', network: 'inception-v3', out: place('unnamed.checkpoint') }),
    /unnamed\.weights\.h5 does not say what its layers are called \(layers\/conv2d\), .*: save the whole model as \.keras/,
  )
})

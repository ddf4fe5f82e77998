import assert from 'node:assert/strict'
import test from 'node:test'
import { createReference } from '../../src/backends/reference/reference.js'
import { RandomStream } from '../../src/base/random.js'
import { variableOf } from '../../src/graph/ops/source.js'
import { feedImages } from '../../src/networks/feed.js'
import { findNetwork } from '../../src/networks/networks.js'
import { buildModel } from '../../src/nn/model.js'
import { inceptionPreprocessing, type Preprocessing } from '../../src/nn/network.js'

const size = 75
const elements = size * size * 3
const pixel = new RandomStream(5, 'pixels')
/** Pixel values of 0 … 255: noise, and an image of one colour but for a single place. */
const images = [
  Float32Array.from({ length: elements }, () => pixel.uniform(0, 255)),
  new Float32Array(elements).fill(40).fill(40.5, 0, 1),
]

/** tf.image.per_image_standardization, and facenet's prewhiten. */
function standardised(image: Float32Array): Float32Array {
  const mean = image.reduce((sum, x) => sum + x / elements, 0)
  const variance = image.reduce((sum, x) => sum + (x - mean) ** 2 / elements, 0)
  return image.map(x => (x - mean) / Math.max(Math.sqrt(variance), 1 / Math.sqrt(elements)))
}

/** Embeddings of images as the loader gives them, in [−1, 1], by the same small weights under either id. */
function embeddings(id: string, given: readonly Float32Array[], preprocessing: Preprocessing): number[][] {
  const network = findNetwork(id)
  const model = buildModel(network, {
    ...{ mode: 'eval', batch: given.length, classes: 8, size, width: 1 / 16, blocks: { a: 1, b: 1, c: 2 } },
  })
  const backend = createReference({ arithmetic: 'f64' })
  using store = backend.createStore()
  const program = backend.compile(model.graph, { outputs: [model.logits], store, seed: 3 })
  for (const value of model.parameters) {
    const { name } = variableOf(value)!
    // Nothing that was trained starts from shifts of 0, under which an image and half of it are alike.
    if (name.endsWith('.shift')) store.data(name).fill(0.3)
  }
  const input = program.input('images') as Float32Array
  for (const [i, image] of given.entries())
    feedImages(image, preprocessing, input.subarray(i * elements, (i + 1) * elements))
  program.run()
  const rows = program.read(model.logits)
  return given.map((_, i) => [...rows.subarray(i * 8, (i + 1) * 8)])
}

const loaded = (image: Float32Array) => image.map(x => x / 127.5 - 1)

test("facenet's embeddings have unit length, and differ between images", () => {
  const { id, preprocessing } = findNetwork('inception-resnet-v1-facenet')
  const [first, second] = embeddings(id, images.map(loaded), preprocessing)
  for (const row of [first!, second!]) assert.ok(Math.abs(Math.sqrt(row.reduce((sum, x) => sum + x * x, 0)) - 1) < 1e-6)
  assert.ok(first!.some((x, i) => Math.abs(x - second![i]!) > 1e-3))
})

test('the network of 2017 is that of 2018 on images standardised one by one', () => {
  const of2017 = findNetwork('inception-resnet-v1-facenet-2017')
  const got = embeddings(of2017.id, images.map(loaded), of2017.preprocessing)
  // What the loader would have given is fed as it is.
  const wanted = embeddings('inception-resnet-v1-facenet', images.map(standardised), inceptionPreprocessing)
  for (const [i, row] of wanted.entries())
    for (const [k, x] of row.entries())
      assert.ok(Math.abs(got[i]![k]! - x) < 1e-5, `image ${i}: ${got[i]![k]}, not ${x}`)
  const other = embeddings(
    'inception-resnet-v1-facenet',
    images.map(loaded),
    findNetwork('inception-resnet-v1-facenet').preprocessing,
  )
  assert.ok(other[0]!.some((x, k) => Math.abs(got[0]![k]! - x) > 1e-3))
})

import assert from 'node:assert/strict'
import path from 'node:path'
import test from 'node:test'
import { decodeImage } from '../../src/data/decode.js'
import { ImageViews } from '../../src/data/image-views.js'
import { modelOptions, networkOf } from '../../src/networks/model-spec.js'
import { buildModel } from '../../src/nn/model.js'
import { type ClassActivation, GradCam } from '../../src/prediction/grad-cam.js'
import { drawHeatMap } from '../../src/prediction/heat-map.js'
import { noise, ramp } from '../data/picture.js'
import { untrainedClasses, untrainedModel, writeUntrained } from '../evaluation/untrained.js'
import { temporaryFolder } from '../training/tiny-run.js'
import { openClassifier } from './setting.js'

const root = temporaryFolder()
// Its last feature map has 3 × 3 places.
const model = { ...untrainedModel, size: 139 }
const checkpoint = writeUntrained(path.join(root, 'one.safetensors'), untrainedClasses, [0, 1, 2], { model })

for (const precision of ['f32', 'bf16'] as const)
  test(`${precision}: of a pooled map and a dense layer, the weights are those of the layer over the area`, () => {
    using classifier = openClassifier(checkpoint, { precision })
    using gradCam = new GradCam(classifier)
    const image = noise(5, 150, 140)

    const { backend, store, preprocessing } = classifier
    const built = buildModel(networkOf(model), { ...modelOptions(model), mode: 'eval', batch: 1, precision })
    using program = backend.compile(built.graph, { outputs: [built.pooled], store, tune: false })
    new ImageViews(image, preprocessing).write(0, program.input('images') as Float32Array)
    program.run()
    const map = program.read(built.pooled)
    const weights = store.data('logits.weights')
    const channels = weights.length / 3
    // Maps that passes have rearranged are rounded elsewhere: by this share of all that is added up.
    const rounding = precision === 'f32' ? 1e-5 : 2 ** -7
    let positive = 0
    for (const k of [0, 1, 2]) {
      const [activation] = gradCam.explain(image, k)
      assert.ok(activation)
      assert.deepEqual([activation.width, activation.height, activation.share], [3, 3, 1])
      for (const [i, value] of activation.values.entries()) {
        let [sum, size] = [0, 0]
        for (let c = 0; c < channels; c++) {
          const mean = (weights[c]! + weights[channels + c]! + weights[2 * channels + c]!) / 3
          const term = ((weights[k * channels + c]! - mean) / 9) * map[c * 9 + i]!
          sum += term
          size += Math.abs(term)
        }
        assert.ok(Math.abs(value - Math.max(0, sum)) < rounding * size, `${i}: ${value}, ${sum}`)
        if (sum > 0) positive++
      }
    }
    assert.ok(positive >= 3, 'something speaks for some class')
  })

test('each view lies where it was cut, and is explained by itself', () => {
  using classifier = openClassifier(checkpoint, { look: '10' })
  using gradCam = new GradCam(classifier)
  const activations = gradCam.explain(noise(6, 300, 200), 1)
  assert.equal(activations.length, 10)
  const sum = activations.reduce((total, { share }) => total + share, 0)
  assert.ok(Math.abs(sum - 1) < 1e-6)
  // The central square of a picture of 3:2 begins at a sixth of its width; crops of 139 in 159.
  const [first, mirrored] = activations.map(({ place }) => place)
  for (const [got, wanted] of [
    [first!.x, 1 / 6],
    [first!.y, 0],
    [first!.width, 139 / 159 / 1.5],
    [first!.height, 139 / 159],
  ] as const)
    assert.ok(Math.abs(got - wanted) < 0.01, `${got}, ${wanted}`)
  assert.deepEqual(mirrored, { ...first, mirrored: true })
})

const activation = (values: number[], place: Partial<ClassActivation['place']> = {}): ClassActivation => ({
  ...{ width: 2, height: 2, values: Float32Array.from(values), share: 1 },
  place: { x: 0, y: 0, width: 1, height: 1, mirrored: false, ...place },
})

test('a heat map is warm where it speaks for the class, grey elsewhere and dark where no view reached', async () => {
  const image = { width: 40, height: 20, rgb: new Uint8Array(40 * 20 * 3).fill(100) }
  const drawn = async (...activations: ClassActivation[]) => {
    const { width, height, rgb } = await decodeImage(await drawHeatMap(image, activations))
    assert.deepEqual([width, height], [40, 20])
    return (x: number, y: number) => [...rgb.subarray((y * 40 + x) * 3, (y * 40 + x) * 3 + 3)]
  }
  const grey = [100, 100, 100]
  const isWarm = ([r, g, b]: number[]) => r! > 150 && r! >= g! && g! > b!
  const corner = await drawn(activation([1, 0, 0, 0]))
  assert.ok(isWarm(corner(2, 2)), `${corner(2, 2)}`)
  assert.deepEqual(corner(38, 2), grey)
  assert.deepEqual(corner(2, 18), grey)
  const mirrored = await drawn(activation([1, 0, 0, 0], { mirrored: true }))
  assert.ok(isWarm(mirrored(38, 2)))
  assert.deepEqual(mirrored(2, 2), grey)
  const part = await drawn(activation([0, 0, 0, 0], { x: 0.5, width: 0.5 }))
  assert.deepEqual(part(30, 10), grey)
  assert.deepEqual(part(10, 10), [35, 35, 35])
})

test('a large image is drawn smaller', async () => {
  const { width, height } = await decodeImage(await drawHeatMap(ramp(2048, 500), [activation([0, 1, 2, 3])]))
  assert.deepEqual([width, height], [1024, 250])
})

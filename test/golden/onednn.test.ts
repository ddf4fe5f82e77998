import test from 'node:test'
import { openOnednn } from '../../src/backends/onednn/onednn.js'
import { checkGradients, checkLogits } from './golden.js'
import { goldenInceptionResnetV1 } from './inception-resnet-v1.js'
import { goldenInceptionV4 } from './inception-v4.js'
import { readGradientOracle } from './oracle.js'

const backend = openOnednn()
const skip = backend ? false : 'no oneDNN library was found on this machine'

for (const golden of [goldenInceptionV4, goldenInceptionResnetV1]) {
  const { id } = golden.network

  test(`${id} on oneDNN: logits of two images in f32`, { skip }, () => {
    checkLogits(backend!, golden)
  })

  test(`${id} on oneDNN: every stage in f32`, { skip }, () => {
    checkLogits(backend!, golden, { stages: true })
  })

  const noBf16 = skip || (backend!.precisions.includes('bf16') ? false : 'this processor has no bf16')
  test(`${id} on oneDNN: logits of two images in bf16`, { skip: noBf16 }, () => {
    checkLogits(backend!, golden, { precision: 'bf16' })
  })
}

test('inception-v4 on oneDNN: gradients of a training step', { skip }, () => {
  checkGradients(backend!, goldenInceptionV4, readGradientOracle('inception-v4-grad'))
})

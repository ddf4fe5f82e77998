import test from 'node:test'
import { openOnednn } from '../../src/backends/onednn/onednn.js'
import { checkGradients, checkLogits } from './golden.js'
import { goldenInceptionResnetV1 } from './inception-resnet-v1.js'
import { goldenInceptionV4 } from './inception-v4.js'
import { readGradientOracle } from './oracle.js'

const opened = openOnednn()

if ('reason' in opened) test('golden numbers on oneDNN', { skip: opened.reason }, () => {})
else {
  for (const golden of [goldenInceptionV4, goldenInceptionResnetV1]) {
    const { id } = golden.network

    test(`${id} on oneDNN: logits of two images in f32`, () => {
      checkLogits(opened, golden)
    })

    test(`${id} on oneDNN: every stage in f32`, () => {
      checkLogits(opened, golden, { stages: true })
    })

    const skip = opened.precisions.includes('bf16') ? false : 'this processor has no bf16'
    test(`${id} on oneDNN: logits of two images in bf16`, { skip }, () => {
      checkLogits(opened, golden, { precision: 'bf16' })
    })
  }

  test('inception-v4 on oneDNN: gradients of a training step', () => {
    checkGradients(opened, goldenInceptionV4, readGradientOracle('inception-v4-grad'))
  })
}

import assert from 'node:assert/strict'
import test from 'node:test'
import { createReference } from '../../src/backends/reference/reference.js'
import { RandomStream } from '../../src/base/random.js'
import { resnet152Slim } from '../../src/networks/resnet-152-slim.js'
import { chain, named, shortcut } from '../../src/nn/combine.js'
import { conv } from '../../src/nn/conv.js'
import { dense } from '../../src/nn/dense.js'
import { buildModel } from '../../src/nn/model.js'
import type { Dimensions, Network } from '../../src/nn/network.js'
import { globalAvgPool, maxPool } from '../../src/nn/pool.js'

// The network as He et al. wrote it: a stage's first unit has the stride, on its first 1×1 convolution and its projection.
// Their pool rounds up and pads nothing before, which on an even size is TensorFlow's SAME.

const unit = (filters: number, { first, stride }: { readonly first: boolean; readonly stride: 1 | 2 }) => {
  const strided = { pad: 'valid', stride } as const
  return shortcut(
    first ? { project: conv('1x1', 4 * filters, { ...strided, act: false }) } : {},
    chain(conv('1x1', filters, strided), conv('3x3', filters), conv('1x1', 4 * filters, { act: false })),
  )
}

const stage = (units: number, filters: number, stride: 1 | 2) =>
  named(
    Object.fromEntries(
      Array.from({ length: units }, (_, i) => [
        `${i}`,
        unit(filters, { first: i === 0, stride: i === 0 ? stride : 1 }),
      ]),
    ),
  )

const original: Network = {
  ...resnet152Slim,
  body: ({ blocks, classes }: Dimensions) =>
    named({
      conv1: conv('7x7', 64, { pad: 'half', stride: 2 }),
      pool1: maxPool('3x3', { pad: 'tf', stride: 2 }),
      conv2: stage(blocks.conv2!, 64, 1),
      conv3: stage(blocks.conv3!, 128, 2),
      conv4: stage(blocks.conv4!, 256, 2),
      conv5: stage(blocks.conv5!, 512, 2),
      pool: globalAvgPool,
      logits: dense(classes),
    }),
}

/** Logits in double precision; every variable's numbers are a function of its name. */
function logitsOf(network: Network, size: number): readonly number[] {
  const blocks = { conv2: 2, conv3: 3, conv4: 1, conv5: 2 }
  const model = buildModel(network, { mode: 'eval', batch: 2, classes: 5, width: 1 / 16, size, blocks })
  const backend = createReference({ arithmetic: 'f64' })
  const store = backend.createStore()
  const program = backend.compile(model.graph, { outputs: [model.logits], store })
  for (const name of store.variables.keys()) {
    const random = new RandomStream(5, name)
    const data = store.data(name)
    for (let i = 0; i < data.length; i++)
      data[i] = random.uniform(name.endsWith('.weights') ? -0.3 : 0.5, name.endsWith('.weights') ? 0.3 : 1.5)
  }
  const random = new RandomStream(5, 'images')
  const images = program.input('images')
  for (let i = 0; i < images.length; i++) images[i] = random.uniform(-1, 1)
  program.run()
  return [...program.read(model.logits)]
}

test("the stride in a stage's last unit gives He et al.'s numbers, at even and odd sizes of its maps", () => {
  for (const size of [64, 75]) {
    const [slim, theirs] = [logitsOf(resnet152Slim, size), logitsOf(original, size)]
    assert.ok(new Set(theirs).size === 10)
    for (const [i, logit] of slim.entries())
      assert.ok(Math.abs(logit - theirs[i]!) <= 1e-12 * Math.abs(theirs[i]!), `${size}: ${logit}, not ${theirs[i]}`)
  }
})

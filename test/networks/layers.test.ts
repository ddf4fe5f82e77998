import assert from 'node:assert/strict'
import test from 'node:test'
import { sizeOf } from '../../src/base/shape.js'
import type { Graph, Node, Value } from '../../src/graph/op.js'
import type { AvgPool } from '../../src/graph/ops/avgPool.js'
import type { Convolution } from '../../src/graph/ops/convolution.js'
import type { Window } from '../../src/graph/ops/window.js'
import { findNetwork } from '../../src/networks/networks.js'
import { buildModel, type Model } from '../../src/nn/model.js'

// Layer tables gathered from the figures and the released code, in a notation of their own: c1x7 is one row by seven columns, V pads nothing, /2 is the
// stride, lin has a bias and neither norm nor ReLU, and a row that starts with B is a branch.

/** A layer and where it stands below its block: ['branch_1', 'a_1x1']. */
interface Placed {
  readonly path: readonly string[]
  readonly text: string
}

/** The rows of a block: a chain, or a row a branch, with what follows the branches last. */
function describe(model: Model, block: string): string[] {
  const placed = model.graph.nodes.flatMap((node): Placed[] => {
    const text = node.scope === block || node.scope.startsWith(`${block}.`) ? layerText(node, model.graph) : undefined
    return text === undefined
      ? []
      : [
          {
            path: node.scope
              .slice(block.length + 1)
              .split('.')
              .filter(Boolean),
            text,
          },
        ]
  })
  const rows = group(placed)
  const branches = rows.filter(([name]) => name.startsWith('branch_')).map(([, row], i) => `B${i}: ${line(row)}`)
  const rest = rows.filter(([name]) => !name.startsWith('branch_')).flatMap(([, row]) => row)
  return [...branches, ...(rest.length > 0 ? [line(rest)] : [])]
}

/** Layers by the first step of their path, in order; the step is taken off. */
function group(placed: readonly Placed[]): [string, Placed[]][] {
  const groups = new Map<string, Placed[]>()
  for (const {
    path: [first = '', ...path],
    text,
  } of placed)
    groups.set(first, [...(groups.get(first) ?? []), { path, text }])
  return [...groups]
}

function line(row: readonly Placed[]): string {
  const texts = group(row).map(([, inner]) => {
    const forks = group(inner).filter(([name]) => name.startsWith('branch_'))
    return forks.length > 0
      ? `fork{${forks.map(([, fork]) => line(fork)).join(' , ')}}`
      : inner.map(({ text }) => text).join(' · ')
  })
  return texts.join(' · ')
}

/** What makes a convolution with a bias more than a linear one. */
const follows: ReadonlySet<string> = new Set(['relu', 'batchNormInference'])

function layerText({ op, inputs, outputs, attrs }: Node, graph: Graph): string | undefined {
  const { dst } = outputs
  const src = inputs.src as Value
  if (op.name === 'convolution') {
    const { kernel, groups } = attrs as Convolution
    const linear = inputs.bias && !graph.nodes.some(next => follows.has(next.op.name) && next.inputs.src === dst)
    const channels = `${src.shape[1]}→${dst!.shape[1]}`
    return `c${kernel.join('x')}${marks(attrs as Window)}${linear ? 'lin' : ''}${groups > 1 ? ` in ${groups}` : ''} ${channels}`
  }
  if (op.name === 'maxPool') return `max${(attrs as Window).kernel[0]}${marks(attrs as Window)}`
  if (op.name === 'avgPool')
    return `avg${(attrs as Window).kernel[0]}${(attrs as AvgPool).includePadding ? ' with padding' : ''}`
  return undefined
}

/** V where nothing is padded though the kernel is larger than a place; /s for a stride. */
function marks({ kernel, strides, padding }: Window): string {
  const padded = padding.flat().some(pixels => pixels > 0)
  return `${!padded && sizeOf(kernel) > 1 ? 'V' : ''}${strides[0] > 1 ? `/${strides[0]}` : ''}`
}

const built = new Map<string, Model>()
const modelOf = (id: string): Model => {
  const model = built.get(id) ?? buildModel(findNetwork(id), { mode: 'eval', batch: 1, normScale: false })
  built.set(id, model)
  return model
}

const parametersOf = (model: Model, block: string) =>
  model.parameters
    .filter(({ node }) => node.scope.startsWith(`${block}.`) || node.scope === block)
    .reduce((sum, { shape }) => sum + sizeOf(shape), 0)

const stemV3 = {
  'stem.conv_1a': [896, 'c3x3V/2 3→32'],
  'stem.conv_2a': [9248, 'c3x3V 32→32'],
  'stem.conv_2b': [18496, 'c3x3 32→64'],
  'stem.pool_3a': [0, 'max3V/2'],
  'stem.conv_3b': [5200, 'c1x1 64→80'],
  'stem.conv_4a': [138432, 'c3x3V 80→192'],
} as const

/** Block by block: parameters without norm scales, and rows. */
const tables: Readonly<Record<string, Readonly<Record<string, readonly [number | undefined, ...string[]]>>>> = {
  'inception-v3': {
    ...stemV3,
    'stem.pool_5a': [0, 'max3V/2'],
    mixed_5b: [
      255440,
      'B0: c1x1 192→64',
      'B1: c1x1 192→48 · c5x5 48→64',
      'B2: c1x1 192→64 · c3x3 64→96 · c3x3 96→96',
      'B3: avg3 · c1x1 192→32',
    ],
    mixed_5c: [
      276976,
      'B0: c1x1 256→64',
      'B1: c1x1 256→48 · c5x5 48→64',
      'B2: c1x1 256→64 · c3x3 64→96 · c3x3 96→96',
      'B3: avg3 · c1x1 256→64',
    ],
    mixed_5d: [
      284656,
      'B0: c1x1 288→64',
      'B1: c1x1 288→48 · c5x5 48→64',
      'B2: c1x1 288→64 · c3x3 64→96 · c3x3 96→96',
      'B3: avg3 · c1x1 288→64',
    ],
    mixed_6a: [1152640, 'B0: c3x3V/2 288→384', 'B1: c1x1 288→64 · c3x3 64→96 · c3x3V/2 96→96', 'B2: max3V/2'],
    mixed_6b: [
      1295872,
      'B0: c1x1 768→192',
      'B1: c1x1 768→128 · c1x7 128→128 · c7x1 128→192',
      'B2: c1x1 768→128 · c7x1 128→128 · c1x7 128→128 · c7x1 128→128 · c1x7 128→192',
      'B3: avg3 · c1x1 768→192',
    ],
    mixed_6c: [
      1689280,
      'B0: c1x1 768→192',
      'B1: c1x1 768→160 · c1x7 160→160 · c7x1 160→192',
      'B2: c1x1 768→160 · c7x1 160→160 · c1x7 160→160 · c7x1 160→160 · c1x7 160→192',
      'B3: avg3 · c1x1 768→192',
    ],
    mixed_6e: [
      2140032,
      'B0: c1x1 768→192',
      'B1: c1x1 768→192 · c1x7 192→192 · c7x1 192→192',
      'B2: c1x1 768→192 · c7x1 192→192 · c1x7 192→192 · c7x1 192→192 · c1x7 192→192',
      'B3: avg3 · c1x1 768→192',
    ],
    mixed_7a: [
      1697024,
      'B0: c1x1 768→192 · c3x3V/2 192→320',
      'B1: c1x1 768→192 · c1x7 192→192 · c7x1 192→192 · c3x3V/2 192→192',
      'B2: max3V/2',
    ],
    mixed_7b: [
      5041344,
      'B0: c1x1 1280→320',
      'B1: c1x1 1280→384 · fork{c1x3 384→384 , c3x1 384→384}',
      'B2: c1x1 1280→448 · c3x3 448→384 · fork{c1x3 384→384 , c3x1 384→384}',
      'B3: avg3 · c1x1 1280→192',
    ],
    mixed_7c: [
      6073536,
      'B0: c1x1 2048→320',
      'B1: c1x1 2048→384 · fork{c1x3 384→384 , c3x1 384→384}',
      'B2: c1x1 2048→448 · c3x3 448→384 · fork{c1x3 384→384 , c3x1 384→384}',
      'B3: avg3 · c1x1 2048→192',
    ],
  },
  'inception-v4': {
    'stem.conv_1a': [896, 'c3x3V/2 3→32'],
    'stem.mixed_3a': [55392, 'B0: max3V/2', 'B1: c3x3V/2 64→96'],
    'stem.mixed_4a': [
      188864,
      'B0: c1x1 160→64 · c3x3V 64→96',
      'B1: c1x1 160→64 · c1x7 64→64 · c7x1 64→64 · c3x3V 64→96',
    ],
    'stem.mixed_5a': [331968, 'B0: c3x3V/2 192→192', 'B1: max3V/2'],
    'inception_a.3': [
      317024,
      'B0: c1x1 384→96',
      'B1: c1x1 384→64 · c3x3 64→96',
      'B2: c1x1 384→64 · c3x3 64→96 · c3x3 96→96',
      'B3: avg3 · c1x1 384→96',
    ],
    reduction_a: [2305056, 'B0: c3x3V/2 384→384', 'B1: c1x1 384→192 · c3x3 192→224 · c3x3V/2 224→256', 'B2: max3V/2'],
    'inception_b.6': [
      2933984,
      'B0: c1x1 1024→384',
      'B1: c1x1 1024→192 · c1x7 192→224 · c7x1 224→256',
      'B2: c1x1 1024→192 · c7x1 192→192 · c1x7 192→224 · c7x1 224→224 · c1x7 224→256',
      'B3: avg3 · c1x1 1024→128',
    ],
    reduction_b: [
      2745856,
      'B0: c1x1 1024→192 · c3x3V/2 192→192',
      'B1: c1x1 1024→256 · c1x7 256→256 · c7x1 256→320 · c3x3V/2 320→320',
      'B2: max3V/2',
    ],
    'inception_c.2': [
      4549824,
      'B0: c1x1 1536→256',
      'B1: c1x1 1536→384 · fork{c1x3 384→256 , c3x1 384→256}',
      'B2: c1x1 1536→384 · c3x1 384→448 · c1x3 448→512 · fork{c1x3 512→256 , c3x1 512→256}',
      'B3: avg3 · c1x1 1536→256',
    ],
  },
  'inception-resnet-v1': {
    ...stemV3,
    'stem.conv_4b': [442624, 'c3x3V/2 192→256'],
    'resnet_a.0': [
      77248,
      'B0: c1x1 256→32',
      'B1: c1x1 256→32 · c3x3 32→32',
      'B2: c1x1 256→32 · c3x3 32→32 · c3x3 32→32',
      'c1x1lin 96→256',
    ],
    reduction_a: [1709056, 'B0: c3x3V/2 256→384', 'B1: c1x1 256→192 · c3x3 192→192 · c3x3V/2 192→256', 'B2: max3V/2'],
    'resnet_b.9': [689536, 'B0: c1x1 896→128', 'B1: c1x1 896→128 · c1x7 128→128 · c7x1 128→128', 'c1x1lin 256→896'],
    reduction_b: [
      3344256,
      'B0: c1x1 896→256 · c3x3V/2 256→384',
      'B1: c1x1 896→256 · c3x3V/2 256→256',
      'B2: c1x1 896→256 · c3x3 256→256 · c3x3V/2 256→256',
      'B3: max3V/2',
    ],
    'resnet_c.4': [1600000, 'B0: c1x1 1792→192', 'B1: c1x1 1792→192 · c1x3 192→192 · c3x1 192→192', 'c1x1lin 384→1792'],
  },
  'inception-resnet-v2': {
    'stem.mixed_3a': [55392, 'B0: c3x3V/2 64→96', 'B1: max3V/2'],
    'stem.mixed_4a': [
      188864,
      'B0: c1x1 160→64 · c3x3V 64→96',
      'B1: c1x1 160→64 · c7x1 64→64 · c1x7 64→64 · c3x3V 64→96',
    ],
    'stem.mixed_5a': [331968, 'B0: c3x3V/2 192→192', 'B1: max3V/2'],
    'resnet_a.0': [
      137328,
      'B0: c1x1 384→32',
      'B1: c1x1 384→32 · c3x3 32→32',
      'B2: c1x1 384→32 · c3x3 32→48 · c3x3 48→64',
      'c1x1lin 128→384',
    ],
    reduction_a: [2901248, 'B0: c3x3V/2 384→384', 'B1: c1x1 384→256 · c3x3 256→256 · c3x3V/2 256→384', 'B2: max3V/2'],
    'resnet_b.0': [1171232, 'B0: c1x1 1152→192', 'B1: c1x1 1152→128 · c1x7 128→160 · c7x1 160→192', 'c1x1lin 384→1152'],
    reduction_b: [
      3928064,
      'B0: c1x1 1152→256 · c3x3V/2 256→384',
      'B1: c1x1 1152→256 · c3x3V/2 256→288',
      'B2: c1x1 1152→256 · c3x3 256→288 · c3x3V/2 288→320',
      'B3: max3V/2',
    ],
    'resnet_c.0': [2087872, 'B0: c1x1 2144→192', 'B1: c1x1 2144→192 · c1x3 192→224 · c3x1 224→256', 'c1x1lin 448→2144'],
  },
  'inception-resnet-v2-slim': {
    ...stemV3,
    'stem.pool_5a': [0, 'max3V/2'],
    mixed_5b: [
      267792,
      'B0: c1x1 192→96',
      'B1: c1x1 192→48 · c5x5 48→64',
      'B2: c1x1 192→64 · c3x3 64→96 · c3x3 96→96',
      'B3: avg3 · c1x1 192→64',
    ],
    'resnet_a.9': [
      122928,
      'B0: c1x1 320→32',
      'B1: c1x1 320→32 · c3x3 32→32',
      'B2: c1x1 320→32 · c3x3 32→48 · c3x3 48→64',
      'c1x1lin 128→320',
    ],
    reduction_a: [2663680, 'B0: c3x3V/2 320→384', 'B1: c1x1 320→256 · c3x3 256→256 · c3x3V/2 256→384', 'B2: max3V/2'],
    'resnet_b.19': [
      1126112,
      'B0: c1x1 1088→192',
      'B1: c1x1 1088→128 · c1x7 128→160 · c7x1 160→192',
      'c1x1lin 384→1088',
    ],
    reduction_b: [
      3878912,
      'B0: c1x1 1088→256 · c3x3V/2 256→384',
      'B1: c1x1 1088→256 · c3x3V/2 256→288',
      'B2: c1x1 1088→256 · c3x3 256→288 · c3x3V/2 288→320',
      'B3: max3V/2',
    ],
    'resnet_c.8': [2034560, 'B0: c1x1 2080→192', 'B1: c1x1 2080→192 · c1x3 192→224 · c3x1 224→256', 'c1x1lin 448→2080'],
    resnet_c_last: [
      2034560,
      'B0: c1x1 2080→192',
      'B1: c1x1 2080→192 · c1x3 192→224 · c3x1 224→256',
      'c1x1lin 448→2080',
    ],
    conv_7b: [3196416, 'c1x1 2080→1536'],
  },
  // The blocks of Inception-ResNet-v1, one block C more, and the embedding.
  'inception-resnet-v1-facenet': {
    'resnet_c.4': [1600000, 'B0: c1x1 1792→192', 'B1: c1x1 1792→192 · c1x3 192→192 · c3x1 192→192', 'c1x1lin 384→1792'],
    resnet_c_last: [
      1600000,
      'B0: c1x1 1792→192',
      'B1: c1x1 1792→192 · c1x3 192→192 · c3x1 192→192',
      'c1x1lin 384→1792',
    ],
    pool: [0, 'avg3'],
    bottleneck: [1792 * 512 + 512, 'c1x1 1792→512'],
  },
  // No source gives counts a block for the rest.
  'bn-inception-caffe': {
    conv1: [undefined, 'c7x7/2 3→64'],
    pool1: [undefined, 'max3/2'],
    conv2_reduce: [undefined, 'c1x1 64→64'],
    conv2: [undefined, 'c3x3 64→192'],
    inception_3a: [
      undefined,
      'B0: c1x1 192→64',
      'B1: c1x1 192→64 · c3x3 64→64',
      'B2: c1x1 192→64 · c3x3 64→96 · c3x3 96→96',
      'B3: avg3 with padding · c1x1 192→32',
    ],
    inception_3c: [
      undefined,
      'B0: c1x1 320→128 · c3x3/2 128→160',
      'B1: c1x1 320→64 · c3x3 64→96 · c3x3/2 96→96',
      'B2: max3/2',
    ],
    inception_4c: [
      undefined,
      'B0: c1x1 576→160',
      'B1: c1x1 576→128 · c3x3 128→160',
      'B2: c1x1 576→128 · c3x3 128→160 · c3x3 160→160',
      'B3: avg3 with padding · c1x1 576→128',
    ],
    inception_4d: [
      undefined,
      'B0: c1x1 608→96',
      'B1: c1x1 608→128 · c3x3 128→192',
      'B2: c1x1 608→160 · c3x3 160→192 · c3x3 192→192',
      'B3: avg3 with padding · c1x1 608→128',
    ],
    inception_4e: [
      undefined,
      'B0: c1x1 608→128 · c3x3/2 128→192',
      'B1: c1x1 608→192 · c3x3 192→256 · c3x3/2 256→256',
      'B2: max3/2',
    ],
    inception_5b: [
      undefined,
      'B0: c1x1 1024→352',
      'B1: c1x1 1024→192 · c3x3 192→320',
      'B2: c1x1 1024→192 · c3x3 192→224 · c3x3 224→224',
      'B3: max3 · c1x1 1024→128',
    ],
  },
  'bn-inception': {
    conv_1a: [undefined, 'c7x7/2 in 3 3→24 · c1x1 24→64'],
    pool_2a: [undefined, 'max3/2'],
    conv_2b: [undefined, 'c1x1 64→64'],
    conv_2c: [undefined, 'c3x3 64→192'],
    mixed_3b: [
      undefined,
      'B0: c1x1 192→64',
      'B1: c1x1 192→64 · c3x3 64→64',
      'B2: c1x1 192→64 · c3x3 64→96 · c3x3 96→96',
      'B3: avg3 · c1x1 192→32',
    ],
    mixed_4a: [
      undefined,
      'B0: c1x1 320→128 · c3x3/2 128→160',
      'B1: c1x1 320→64 · c3x3 64→96 · c3x3/2 96→96',
      'B2: max3/2',
    ],
    mixed_4d: [
      undefined,
      'B0: c1x1 576→160',
      'B1: c1x1 576→128 · c3x3 128→160',
      'B2: c1x1 576→128 · c3x3 128→160 · c3x3 160→160',
      'B3: avg3 · c1x1 576→96',
    ],
    mixed_4e: [
      undefined,
      'B0: c1x1 576→96',
      'B1: c1x1 576→128 · c3x3 128→192',
      'B2: c1x1 576→160 · c3x3 160→192 · c3x3 192→192',
      'B3: avg3 · c1x1 576→96',
    ],
    mixed_5a: [
      undefined,
      'B0: c1x1 576→128 · c3x3/2 128→192',
      'B1: c1x1 576→192 · c3x3 192→256 · c3x3/2 256→256',
      'B2: max3/2',
    ],
    mixed_5c: [
      undefined,
      'B0: c1x1 1024→352',
      'B1: c1x1 1024→192 · c3x3 192→320',
      'B2: c1x1 1024→192 · c3x3 192→224 · c3x3 224→224',
      'B3: max3 · c1x1 1024→128',
    ],
  },
  'resnet-152': {
    conv1: [undefined, 'c7x7/2 3→64'],
    pool1: [undefined, 'max3/2'],
    'conv2.first': [undefined, 'c1x1 64→256 · c1x1 64→64 · c3x3 64→64 · c1x1 64→256'],
    'conv2.rest.0': [undefined, 'c1x1 256→64 · c3x3 64→64 · c1x1 64→256'],
    'conv3.first': [undefined, 'c1x1/2 256→512 · c1x1 256→128 · c3x3/2 128→128 · c1x1 128→512'],
    'conv4.rest.34': [undefined, 'c1x1 1024→256 · c3x3 256→256 · c1x1 256→1024'],
    'conv5.first': [undefined, 'c1x1/2 1024→2048 · c1x1 1024→512 · c3x3/2 512→512 · c1x1 512→2048'],
  },
  'resnet-152-v1': {
    conv1: [undefined, 'c7x7/2 3→64'],
    pool1: [undefined, 'max3/2'],
    'conv2.first': [undefined, 'c1x1 64→256 · c1x1 64→64 · c3x3 64→64 · c1x1 64→256'],
    'conv2.rest.0': [undefined, 'c1x1 256→64 · c3x3 64→64 · c1x1 64→256'],
    'conv3.first': [undefined, 'c1x1/2 256→512 · c1x1/2 256→128 · c3x3 128→128 · c1x1 128→512'],
    'conv4.rest.34': [undefined, 'c1x1 1024→256 · c3x3 256→256 · c1x1 256→1024'],
    'conv5.first': [undefined, 'c1x1/2 1024→2048 · c1x1/2 1024→512 · c3x3 512→512 · c1x1 512→2048'],
  },
  'resnet-152-slim': {
    conv1: [undefined, 'c7x7/2 3→64'],
    pool1: [undefined, 'max3/2'],
    'conv2.0': [undefined, 'c1x1 64→256 · c1x1 64→64 · c3x3 64→64 · c1x1 64→256'],
    'conv2.1': [undefined, 'c1x1 256→64 · c3x3 64→64 · c1x1 64→256'],
    'conv2.2': [undefined, 'max1/2 · c1x1 256→64 · c3x3/2 64→64 · c1x1 64→256'],
    'conv3.0': [undefined, 'c1x1 256→512 · c1x1 256→128 · c3x3 128→128 · c1x1 128→512'],
    'conv4.35': [undefined, 'max1/2 · c1x1 1024→256 · c3x3/2 256→256 · c1x1 256→1024'],
    'conv5.2': [undefined, 'c1x1 2048→512 · c3x3 512→512 · c1x1 512→2048'],
  },
}

for (const [id, blocks] of Object.entries(tables))
  test(`${id} has the layers of its table, block by block`, () => {
    const model = modelOf(id)
    for (const [block, [parameters, ...rows]] of Object.entries(blocks)) {
      assert.deepEqual(describe(model, block), rows, block)
      if (parameters !== undefined) assert.equal(parametersOf(model, block), parameters, block)
    }
  })

test('TensorFlow’s SAME pads after, an explicit half pads both sides', () => {
  const padding = (id: string, scope: string) => {
    const node = modelOf(id).graph.nodes.find(each => each.scope === scope && 'padding' in (each.attrs as object))
    return (node!.attrs as Window).padding
  }
  assert.deepEqual(padding('bn-inception', 'conv_1a.a_7x7'), [
    [2, 3],
    [2, 3],
  ])
  assert.deepEqual(padding('bn-inception', 'pool_2a'), [
    [0, 1],
    [0, 1],
  ])
  assert.deepEqual(padding('bn-inception', 'mixed_4a.branch_0.b_3x3'), [
    [0, 1],
    [0, 1],
  ])
  for (const scope of ['pool1', 'inception_3c.branch_2.a_pool'])
    assert.deepEqual(padding('bn-inception-caffe', scope), [
      [0, 1],
      [0, 1],
    ])
  assert.deepEqual(padding('bn-inception-caffe', 'inception_3c.branch_0.b_3x3'), [
    [1, 1],
    [1, 1],
  ])
  assert.deepEqual(padding('resnet-152', 'conv1'), [
    [3, 3],
    [3, 3],
  ])
  assert.deepEqual(padding('resnet-152', 'pool1'), [
    [1, 1],
    [1, 1],
  ])
  assert.deepEqual(padding('resnet-152-slim', 'pool1'), [
    [0, 1],
    [0, 1],
  ])
  assert.deepEqual(padding('resnet-152-slim', 'conv2.2.b_3x3'), [
    [1, 1],
    [1, 1],
  ])
  assert.deepEqual(padding('inception-v4', 'inception_b.0.branch_1.b_1x7'), [
    [0, 0],
    [3, 3],
  ])
})

test('every average leaves padding out of its divisor, but for Caffe’s', () => {
  for (const id of Object.keys(tables))
    for (const { op, attrs } of modelOf(id).graph.nodes)
      if (op.name === 'avgPool') assert.equal((attrs as AvgPool).includePadding, id === 'bn-inception-caffe')
})

test('torchvision’s Inception-v3 is slim’s but for the padding that its averages count', () => {
  const layers = (id: string) =>
    modelOf(id).graph.nodes.map(({ op, scope, attrs, outputs }) => {
      const shapes = Object.values(outputs).map(({ shape }) => shape)
      if (op.name !== 'avgPool') return { op: op.name, scope, shapes, attrs }
      assert.equal((attrs as AvgPool).includePadding, id === 'inception-v3-torch')
      return { op: op.name, scope, shapes, attrs: { ...(attrs as AvgPool), includePadding: false } }
    })
  assert.deepEqual(layers('inception-v3-torch'), layers('inception-v3'))
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { UserError } from '../../src/base/error.js'
import type { Shape } from '../../src/base/shape.js'
import { hasClassRows } from '../../src/networks/heads.js'
import { findNetwork } from '../../src/networks/networks.js'
import { families } from '../../src/weights/families.js'
import { describeFamily, type Family, layoutOf } from '../../src/weights/family.js'
import { matchWeights } from '../../src/weights/match.js'
import { slimInceptionResnetV2 } from '../../src/weights/slim/inception-resnet-v2.js'
import { slimInceptionV2 } from '../../src/weights/slim/inception-v2.js'
import { slimInceptionV3 } from '../../src/weights/slim/inception-v3.js'
import { slimInceptionV3Of2016March } from '../../src/weights/slim/inception-v3-2016-03.js'
import { slimInceptionV4 } from '../../src/weights/slim/inception-v4.js'
import { slimResnet152 } from '../../src/weights/slim/resnet-152.js'
import { timmInceptionV3 } from '../../src/weights/torch/inception-v3.js'
import { torchResnet152 } from '../../src/weights/torch/resnet-152.js'
import { outputName, variablesOf } from '../../src/weights/variables.js'
import { readOracle } from '../golden/oracle.js'

type Contents = Parameters<typeof matchWeights>[0]

const contents = (tensors: Iterable<readonly [string, Shape]>): Contents => ({
  path: 'given',
  tensors: new Map([...tensors].map(([name, shape]) => [name, { dtype: 'F32', shape }])),
})

interface Framework {
  /** What it saves beside the network. */
  readonly what: string
  /** Such a tensor for each variance. */
  beside(variance: string): [string, Shape]
  /** How some of its files spell a name, but not all. */
  respelled?(name: string): string
}

const frameworks: Readonly<Record<string, Framework>> = {
  PyTorch: {
    what: 'counters of training steps',
    beside: variance => [variance.replace('running_var', 'num_batches_tracked'), []],
    respelled: name => `module.${name}`,
  },
  TensorFlow: {
    what: 'slots of an optimiser',
    beside: variance => [variance.replace('moving_variance', 'beta/RMSProp_1'), [7]],
  },
  Keras: {
    what: 'slots of an optimiser',
    beside: variance => [`optimizer/${variance.replace('/', '_')}`, [7]],
    respelled: name =>
      `${name.replace(/^(conv2d|batch_normalization)_(\d+)\//, (_, kind, n) => (n === '1' ? `${kind}/` : `${kind}_${n - 1}/`))}:0`,
  },
}

interface FileOptions {
  readonly rows?: number
  readonly auxiliary?: boolean
  readonly normScale?: boolean
}

/** The names and shapes of a family's file, with what stands there beside the network. */
function fileOf(family: Family, { rows = 1000, auxiliary = false, normScale = !family.scaleless }: FileOptions = {}) {
  const shapes = variablesOf(family.network, rows, { auxiliary, normScale })
  const names = [...family.names, ...(auxiliary ? family.auxiliary! : [])].filter(([ours]) => shapes.has(ours))
  return names.flatMap(([ours, theirs]): [string, Shape][] => {
    const here = shapes.get(ours)!
    const { beside } = frameworks[family.form.framework]!
    return [[theirs, layoutOf(family, ours, here).there(here)], ...(ours.endsWith('.variance') ? [beside(theirs)] : [])]
  })
}

/** Those that a file with these names may hold. */
const networksOf = (names: Family['names']) =>
  new Set(families.filter(family => family.names === names).map(({ network }) => network))

const match = (family: Family, tensors: Iterable<readonly [string, Shape]>) =>
  matchWeights(contents(tensors), family.library, family.network)

const refuses = (action: () => unknown, message: RegExp) =>
  assert.throws(action, (error: Error) => {
    assert.ok(error instanceof UserError, error.stack)
    assert.match(error.message, message)
    assert.ok(!error.message.includes('\n'))
    return true
  })

/** How many tensors of the network a file has, without and with the auxiliary head: counted from the layer tables. */
const counts: Readonly<Record<string, readonly [number, number?]>> = {
  "timm's inception_v4": [747],
  "timm's inception_resnet_v2": [1102],
  "timm's inception_v3": [472, 484],
  "torchvision's inception_v3": [472, 484],
  "timm's resnet152": [777],
  "torchvision's resnet152": [777],
  "TF-Slim's inception_v4": [598, 608],
  // 69 convolutions with bias and norm
  "timm's bninception, by Cadene": [69 * 6 + 2],
  "Keras's InceptionV3": [378],
  "Keras's InceptionResNetV2": [898],
  // 155 convolutions with bias and norm
  "Keras's ResNet152": [155 * 6 + 2],
  // 111 convolutions and a dense layer with norm, 21 linear convolutions with bias
  "facenet's Inception-ResNet-v1": [112 * 4 + 21 * 2],
  "facenet's Inception-ResNet-v1 of 2017": [112 * 4 + 21 * 2],
  "facenet's Inception-ResNet-v1 in PyTorch": [112 * 5 + 21 * 2],
  "TF-Slim's inception_resnet_v2": [898, 908],
  "TF-Slim's inception_v3": [378, 388],
  "TF-Slim's inception_v3 of 2016-03-01": [378, 388],
  "TF-Slim's inception_v2": [277],
  "TF-Slim's resnet_v1_152": [777],
}

for (const family of families) {
  const title = describeFamily(family)
  const { names, auxiliary, network } = family
  const kinds = auxiliary ? [false, true] : [false]

  test(`${title}: the names are a bijection onto the network's variables`, () => {
    for (const withHead of kinds) {
      const all = [...names, ...(withHead ? auxiliary! : [])]
      const ours = [...variablesOf(network, 1000, { auxiliary: withHead }).keys()]
      assert.deepEqual(all.map(([our]) => our).sort(), ours.sort())
      assert.equal(new Set(all.map(([, their]) => their)).size, all.length)
      const found = match(family, fileOf(family, { auxiliary: withHead }))
      assert.equal(found.tensors.length, counts[title]![withHead ? 1 : 0])
    }
  })

  test(`${title}: every tensor of a file is used, or ignored for what it is`, () => {
    for (const withHead of kinds)
      for (const rows of [1000, 1001, 3]) {
        const file = fileOf(family, { rows, auxiliary: withHead })
        const found = match(family, file)
        assert.equal(found.rows, rows)
        assert.equal(found.auxiliary, withHead)
        assert.ok(found.ignored.length > 0)
        assert.deepEqual([...new Set(found.ignored.map(({ what }) => what))], [frameworks[family.form.framework]!.what])
        assert.deepEqual(
          [...found.tensors.map(({ theirs }) => theirs), ...found.ignored.map(({ name }) => name)].sort(),
          file.map(([name]) => name).sort(),
        )
      }
  })

  test(`${title}: a file that spells its names in another way, and one of an older version, are the same`, () => {
    const file = fileOf(family)
    const { respelled = name => name } = frameworks[family.form.framework]!
    const spread = match(
      family,
      file.map(([name, shape]) => [respelled(name), shape]),
    )
    assert.deepEqual(
      spread.tensors.map(({ ours, theirs }) => [ours, theirs]),
      match(family, file).tensors.map(({ ours, theirs }) => [ours, respelled(theirs)]),
    )
    for (const [old, now] of Object.entries(family.renamed ?? {})) {
      const older = file.map(([name, shape]) => [name.replace(now, old), shape] as const)
      assert.notDeepEqual(older, file)
      assert.equal(match(family, older).tensors.length, spread.tensors.length)
      refuses(() => match(family, [...older, ...file]), /has no place/)
    }
  })

  const output = outputName(network)
  const embeds = findNetwork(network).embedding !== undefined

  test(`${title}: what is missing, left over or of another shape is named on both sides`, () => {
    const file = fileOf(family)
    for (const [ours, theirs] of [...names].filter(([name], i) => i % 97 === 1 && !name.endsWith('.norm.scale'))) {
      const without = file.filter(([name]) => name !== theirs)
      refuses(() => match(family, without), new RegExp(`given lacks "${theirs}" \\(here ${ours}\\) of `))
      const other = file.map(([name, shape]) => [name, name === theirs ? [...shape, 2] : shape] as const)
      if (ours !== output)
        refuses(() => match(family, other), new RegExp(`"${theirs}" is [\\d×]+×2, and ${ours} here is`))
    }
    refuses(() => match(family, [...file, ['extra.weight', [3]]]), /has "extra\.weight", for which .* has no place/)
    refuses(() => match(family, file.slice(4)), /and \d+ others of/)
    refuses(() => match(family, []), /lacks .* and \d+ others/)
    const withOutput = (shape: Shape) =>
      file.map(([name, own]) => [name, name === names.get(output) ? shape : own] as const)
    refuses(
      () => match(family, withOutput([999])),
      new RegExp(`1000(×\\d+)?, and ${embeds ? 'bottleneck' : 'logits'}\\.weights here is 999×`),
    )
    refuses(() => match(family, withOutput([])), /\.weights here is 1×/)
  })

  if (!embeds)
    test(`${title}: a file without its top is told from one that lacks something`, () => {
      const tops = [...names].filter(([ours]) => hasClassRows(ours)).map(([, theirs]) => theirs)
      assert.equal(tops.length, 2)
      refuses(
        () =>
          match(
            family,
            fileOf(family).filter(([name]) => !tops.includes(name)),
          ),
        /given lacks ".*" and ".*", the classifier of .*: it is a file without its top; use the whole one$/,
      )
    })

  test(`${title}: asked for another network, the file's own is named`, () => {
    const file = contents(fileOf(family))
    for (const other of families.filter(({ network: wanted }) => !networksOf(names).has(wanted)))
      refuses(
        () => matchWeights(file, other.library, other.network),
        findNetwork(network).formOf === other.network
          ? new RegExp(`holds not the ${other.network} that was asked for but looks like .*: import it with --from `)
          : new RegExp(`holds no ${other.network} but looks like .*: import it with .*--network ${network}( |$)`),
      )
  })

  test(`${title}: the library's crop is a share of the image`, () => {
    assert.ok(family.crop.fraction > 0.8 && family.crop.fraction <= 1)
  })
}

test('the lists of tensors of timm and torchvision themselves are matched', () => {
  for (const [network, from] of [
    ['inception-v4', 'timm'],
    ['inception-v3-torch', 'torch'],
    ['resnet-152', 'torch'],
    ['bn-inception-caffe', 'timm'],
    ['inception-resnet-v1-facenet', 'facenet'],
  ] as const) {
    const { keys } = readOracle(network)
    const found = matchWeights(contents(keys.map(([name, shape]) => [name, shape])), from, network)
    assert.equal(found.tensors.length + found.ignored.length, keys.length)
  }
})

test("asked for by the network's id, a library's file is of the form that the library computes", () => {
  const asked = (family: Family, network: string) =>
    matchWeights(contents(fileOf(family)), family.library, network).family.network
  assert.equal(asked(timmInceptionV3, 'inception-v3'), 'inception-v3-torch')
  assert.equal(asked(slimInceptionV3, 'inception-v3'), 'inception-v3')
  assert.equal(asked(slimResnet152, 'resnet-152'), 'resnet-152-slim')
})

test("asked for under another library's names, the file's own library is named", () => {
  refuses(
    () => matchWeights(contents(fileOf(slimInceptionV4)), 'timm', 'inception-v4'),
    /holds not the inception-v4 that was asked for but looks like TF-Slim's inception_v4: import it with --from slim$/,
  )
})

test('a form is told from the network that it is a form of', () => {
  refuses(
    () => matchWeights(contents(fileOf(slimInceptionV3)), 'auto', 'inception-v3-torch'),
    /holds no inception-v3-torch but looks like TF-Slim's inception_v3: import it with --network inception-v3$/,
  )
})

test('where two libraries have the same names, auto asks if they evaluate differently', () => {
  refuses(
    () => matchWeights(contents(fileOf(timmInceptionV3)), 'auto', 'inception-v3-torch'),
    /could be timm's inception_v3 or torchvision's inception_v3, which evaluate in different ways: say which \(--from\)/,
  )
  assert.equal(matchWeights(contents(fileOf(torchResnet152)), 'auto', 'resnet-152').family.crop.name, 'torchvision')
})

test('a checkpoint that was saved in training gives its running averages, each where it has one', () => {
  const network = fileOf(slimInceptionV3Of2016March, { rows: 1001, auxiliary: true })
  const values = network.filter(([name]) => !name.endsWith('RMSProp_1'))
  const averages = values.map(([name, shape]) => [`${name}/ExponentialMovingAverage`, shape] as const)
  const losses = [
    ['tower_0/total_loss/avg', []],
    ['tower_0/total_loss/avg/biased', []],
    ['global_step', []],
    ['train/beta1_power', []],
  ] as const
  const found = matchWeights(contents([...network, ...averages, ...losses]), 'auto', 'inception-v3')
  assert.equal(found.family, slimInceptionV3Of2016March)
  assert.deepEqual(found.tensors.map(({ theirs }) => theirs).sort(), averages.map(([name]) => name).sort())
  const kinds = (what: string) => found.ignored.filter(ignored => ignored.what === what).map(({ name }) => name)
  assert.deepEqual(kinds('values whose running averages are used').sort(), values.map(([name]) => name).sort())
  assert.deepEqual(kinds('running averages of losses'), ['tower_0/total_loss/avg'])
  assert.deepEqual(kinds('parts of running averages'), ['tower_0/total_loss/avg/biased'])
  assert.deepEqual(kinds('counters of training steps'), ['global_step'])
  assert.equal(kinds('slots of an optimiser').length, 96 + 1)

  const [first, ...others] = averages
  const partly = matchWeights(contents([...values, first!]), 'auto', 'inception-v3')
  assert.deepEqual(
    partly.tensors.filter(({ theirs }) => theirs.endsWith('/ExponentialMovingAverage')).map(({ theirs }) => theirs),
    [first![0]],
  )
  assert.equal(matchWeights(contents([first!, ...others]), 'auto', 'inception-v3').tensors.length, averages.length)

  refuses(
    () => matchWeights(contents([...network, ...averages]), 'auto', 'inception-v4'),
    /holds no inception-v4 but looks like TF-Slim's inception_v3 of 2016-03-01: import it with --network inception-v3$/,
  )
})

test('norms have all their scales or none', () => {
  const match = (file: readonly (readonly [string, Shape])[]) => matchWeights(contents(file), 'slim', 'inception-v4')
  const scaled = fileOf(slimInceptionV4, { normScale: true })
  assert.equal(match(scaled).scaled, true)
  assert.equal(match(scaled).tensors.length, 598 + 149)
  assert.equal(match(fileOf(slimInceptionV4)).scaled, false)
  const gamma = 'InceptionV4/Conv2d_1a_3x3/BatchNorm/gamma'
  refuses(
    () => match(scaled.filter(([name]) => name !== gamma)),
    /lacks "InceptionV4\/Conv2d_1a_3x3\/BatchNorm\/gamma" \(here stem\.conv_1a\.norm\.scale\) of TF-Slim's inception_v4/,
  )
})

test('the releases of TF-Slim have their own names for some layers, and shapes that only they have', () => {
  const shapes = (family: Family, rows: number, auxiliary: boolean) => new Map(fileOf(family, { rows, auxiliary }))
  const v2 = shapes(slimInceptionV2, 1001, false)
  assert.deepEqual(v2.get('InceptionV2/Conv2d_1a_7x7/depthwise_weights'), [7, 7, 3, 8])
  assert.deepEqual(v2.get('InceptionV2/Conv2d_1a_7x7/pointwise_weights'), [1, 1, 24, 64])
  assert.deepEqual(v2.get('InceptionV2/Conv2d_1a_7x7/biases'), [64])
  assert.deepEqual(v2.get('InceptionV2/Logits/Conv2d_1c_1x1/weights'), [1, 1, 1024, 1001])
  const v3 = shapes(slimInceptionV3, 1001, true)
  assert.deepEqual(v3.get('InceptionV3/Mixed_5c/Branch_1/Conv_1_0c_5x5/weights'), [5, 5, 48, 64])
  assert.deepEqual(v3.get('InceptionV3/Mixed_6a/Branch_0/Conv2d_1a_1x1/weights'), [3, 3, 288, 384])
  assert.deepEqual(v3.get('InceptionV3/Mixed_7b/Branch_1/Conv2d_0b_3x1/weights'), [3, 1, 384, 384])
  assert.deepEqual(v3.get('InceptionV3/Mixed_7c/Branch_1/Conv2d_0c_3x1/weights'), [3, 1, 384, 384])
  assert.deepEqual(v3.get('InceptionV3/Logits/Conv2d_1c_1x1/weights'), [1, 1, 2048, 1001])
  assert.deepEqual(v3.get('InceptionV3/AuxLogits/Conv2d_2b_1x1/weights'), [1, 1, 768, 1001])
  const v4 = shapes(slimInceptionV4, 1001, true)
  assert.deepEqual(v4.get('InceptionV4/Logits/Logits/weights'), [1536, 1001])
  assert.deepEqual(v4.get('InceptionV4/AuxLogits/Aux_logits/weights'), [768, 1001])
  assert.deepEqual(v4.get('InceptionV4/Mixed_6h/Branch_2/Conv2d_0e_1x7/weights'), [1, 7, 224, 256])
  const resnetV2 = shapes(slimInceptionResnetV2, 1001, true)
  assert.deepEqual(resnetV2.get('InceptionResnetV2/Repeat/block35_10/Conv2d_1x1/weights'), [1, 1, 128, 320])
  assert.deepEqual(resnetV2.get('InceptionResnetV2/Repeat_1/block17_1/Branch_0/Conv2d_1x1/weights'), [1, 1, 1088, 192])
  assert.deepEqual(resnetV2.get('InceptionResnetV2/AuxLogits/Logits/weights'), [768, 1001])
  const resnet = shapes(slimResnet152, 1000, false)
  assert.deepEqual(resnet.get('resnet_v1_152/block1/unit_1/bottleneck_v1/shortcut/weights'), [1, 1, 64, 256])
  assert.deepEqual(resnet.get('resnet_v1_152/block4/unit_3/bottleneck_v1/conv3/BatchNorm/gamma'), [2048])
  assert.deepEqual(resnet.get('resnet_v1_152/logits/weights'), [1, 1, 2048, 1000])
  const old = shapes(slimInceptionV3Of2016March, 1001, true)
  assert.deepEqual(old.get('mixed_17x17x1280a/branch7x7x3/Conv_3/weights'), [3, 3, 192, 192])
  assert.deepEqual(old.get('mixed_8x8x2048b/branch3x3dbl/Conv_3/weights'), [3, 1, 384, 384])
  assert.deepEqual(old.get('aux_logits/FC/weights'), [768, 1001])
})

test('a network without public weights, and a library without the network, are refused', () => {
  refuses(
    () => matchWeights(contents([]), 'auto', 'inception-resnet-v1'),
    /no public weights of inception-resnet-v1 are known: there are some of inception-v4/,
  )
  refuses(
    () => matchWeights(contents([]), 'torch', 'inception-v4'),
    /unknown source of inception-v4 'torch': There are: timm, slim/,
  )
  refuses(() => matchWeights(contents([]), 'auto', 'inception-v5'), /unknown network 'inception-v5'/)
})

test('the rows of the logits are classes, and of nothing else', () => {
  const names = [...variablesOf('inception-v4', 7, { auxiliary: true })].filter(([name]) => hasClassRows(name))
  assert.deepEqual(names, [
    ['logits.weights', [7, 1536]],
    ['logits.bias', [7]],
    ['auxiliary.logits.weights', [7, 768]],
    ['auxiliary.logits.bias', [7]],
  ])
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { UserError } from '../../src/base/error.js'
import type { Shape } from '../../src/base/shape.js'
import { findNetwork } from '../../src/networks/networks.js'
import { families } from '../../src/weights/families.js'
import { describeFamily, type Family, hasClassRows, layoutOf } from '../../src/weights/family.js'
import { matchWeights } from '../../src/weights/match.js'
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
  "timm's bninception of its forerunner, Cadene's pretrained-models": [69 * 6 + 2],
  "Keras's InceptionV3": [378],
  "Keras's InceptionResNetV2": [898],
  // 155 convolutions with bias and norm
  "Keras's ResNet152": [155 * 6 + 2],
  // 111 convolutions and a dense layer with norm, 21 linear convolutions with bias
  "facenet's Inception-ResNet-v1": [112 * 4 + 21 * 2],
  "facenet's Inception-ResNet-v1 of 2017": [112 * 4 + 21 * 2],
  "facenet's Inception-ResNet-v1 in PyTorch": [112 * 5 + 21 * 2],
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
        new RegExp(`holds no ${other.network} but looks like .*: import it with .*--network ${network}( |$)`),
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

test('a network that has no public weights is told from a namesake that has', () => {
  refuses(
    () => matchWeights(contents(fileOf(timmInceptionV3)), 'auto', 'inception-v3'),
    /holds no inception-v3 but looks like timm's inception_v3: import it with --network inception-v3-torch$/,
  )
})

test('where two libraries have the same names, auto asks if they evaluate differently', () => {
  refuses(
    () => matchWeights(contents(fileOf(timmInceptionV3)), 'auto', 'inception-v3-torch'),
    /could be timm's inception_v3 or torchvision's inception_v3, which evaluate in different ways: say which \(--from\)/,
  )
  assert.equal(matchWeights(contents(fileOf(torchResnet152)), 'auto', 'resnet-152').family.crop.name, 'torchvision')
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

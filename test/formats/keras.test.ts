import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { File } from 'h5wasm'
import { UserError } from '../../src/base/error.js'
import { halvesToFloats } from '../../src/formats/keras/half.js'
import { openKeras } from '../../src/formats/keras/keras-file.js'
import { snakeCase } from '../../src/formats/keras/layer-names.js'
import { readDamaged } from './damaged-files.js'
import { damagedKerasArchives } from './keras-archive-corpus.js'
import { mutateKeras } from './keras-mutations.js'
import { addLayers, addNames, addWeight, hdf5, type ZipItem, zip } from './keras-writer.js'

const folder = mkdtempSync(path.join(tmpdir(), 'keras-'))
after(() => rmSync(folder, { recursive: true }))
const place = (name: string) => path.join(folder, name)
const fixture = (name: string) =>
  gunzipSync(readFileSync(new URL(`../../../test/formats/fixtures/keras/${name}.gz`, import.meta.url)))

function put(name: string, bytes: Uint8Array): string {
  writeFileSync(place(name), bytes)
  return place(name)
}

/** Every layer with its weights, in order. */
async function load(file: string) {
  await using keras = await openKeras(file)
  const layers: [string, Record<string, readonly [readonly number[], readonly number[]]>][] = []
  for (const { name, weights } of keras.layers) {
    const values: Record<string, readonly [readonly number[], readonly number[]]> = {}
    for (const weight of weights) values[weight.name] = [weight.shape, [...(await keras.read(name, weight.name))]]
    layers.push([name, values])
  }
  return layers
}

async function refuses(run: () => Promise<unknown>, file: string, reason: RegExp): Promise<void> {
  await assert.rejects(run, (error: unknown) => {
    assert.ok(error instanceof UserError, `${error instanceof Error ? error.stack : error}`)
    assert.match(error.message, reason)
    assert.ok(error.message.includes(file) && !error.message.includes('\n') && error.message.length < 600)
    return true
  })
}

const ramp = (start: number, length: number) => Array.from({ length }, (_, i) => start + i)

/** The network of fixtures/keras/make.py: weights in the order in which it fills them. */
const network = (names: readonly string[]) => [
  ['conv2d', { [names[0]!]: [[3, 3, 3, 4], ramp(0, 108)] }],
  [
    'batch_normalization',
    { [names[1]!]: [[4], ramp(100, 4)], [names[2]!]: [[4], ramp(200, 4)], [names[3]!]: [[4], ramp(300, 4)] },
  ],
  ['block35_1_conv', { [names[4]!]: [[1, 1, 4, 4], ramp(400, 16)], [names[5]!]: [[4], ramp(500, 4)] }],
  ['predictions', { [names[6]!]: [[4, 2], ramp(600, 8)], [names[7]!]: [[2], ramp(700, 2)] }],
]
const paths = network([
  'conv2d/kernel',
  'batch_normalization/beta',
  'batch_normalization/moving_mean',
  'batch_normalization/moving_variance',
  'block35_1_conv/kernel',
  'block35_1_conv/bias',
  'predictions/kernel',
  'predictions/bias',
])
const numbers = network(['0', '0', '1', '2', '0', '1', '0', '1'])

test('what Keras 3 saved is read: weights, a whole model, its own format and its archive', async () => {
  assert.deepEqual(await load(put('weights.h5', fixture('legacy_weights.h5'))), paths)
  assert.deepEqual(await load(put('whole.h5', fixture('whole.h5'))), paths)
  assert.deepEqual(await load(put('model.keras', fixture('model.keras'))), numbers)
  // Without a configuration there is no order but that of the names.
  const [convolution, norm, ...others] = numbers
  assert.deepEqual(await load(put('model.weights.h5', fixture('model.weights.h5'))), [norm, convolution, ...others])
  for (const name of ['whole.h5', 'model.keras']) {
    await using keras = await openKeras(place(name))
    assert.equal(keras.version, '3.15.1')
    assert.equal(keras.config?.class_name, 'Functional')
  }
})

test('what Keras 2 saved is read: texts of one length, lists in pieces, halves and doubles converted', async () => {
  const file = put('old.h5', fixture('old.h5'))
  await using keras = await openKeras(file)
  assert.equal(keras.version, '2.0.6')
  assert.deepEqual(
    keras.layers.map(({ name, weights }) => [name, weights.map(weight => [weight.name, weight.dtype, weight.shape])]),
    [
      ['conv2d_1', [['conv2d_1/kernel:0', 'F16', [1, 1, 2, 3]]]],
      [
        'batch_normalization_1',
        [
          ['batch_normalization_1/beta:0', 'F64', [2]],
          ['batch_normalization_1/moving_mean:0', 'F32', [2]],
          ['batch_normalization_1/step:0', 'I64', []],
        ],
      ],
    ],
  )
  const [kernel, beta, mean] = await Promise.all([
    keras.read('conv2d_1', 'conv2d_1/kernel:0'),
    keras.read('batch_normalization_1', 'batch_normalization_1/beta:0'),
    keras.read('batch_normalization_1', 'batch_normalization_1/moving_mean:0'),
  ])
  assert.deepEqual(kernel, Float32Array.of(0, 0.25, 0.5, 0.75, 1, 1.25))
  assert.deepEqual(beta, Float32Array.of(0.1, -7))
  assert.deepEqual(mean, Float32Array.of(1, 2))
  assert.deepEqual(keras.readNow('conv2d_1', 'conv2d_1/kernel:0'), kernel)
  const step = ['batch_normalization_1', 'batch_normalization_1/step:0'] as const
  await refuses(() => keras.read(...step), file, /holds I64/)
  await refuses(async () => keras.readNow(...step), file, /holds I64/)
  await refuses(() => keras.read('conv2d_2', 'kernel'), file, /no layer "conv2d_2": did you mean "conv2d_1"/)
  await refuses(() => keras.read('conv2d_1', 'conv2d_1/kernel'), file, /no weight .* did you mean "conv2d_1\/kernel:0"/)
})

test('every value of 16 bits is converted as IEEE 754 says', () => {
  const bits = Uint16Array.of(0, 0x8000, 1, 0x83ff, 0x0400, 0x3c00, 0xbc01, 0x7bff, 0x7c00, 0xfc00, 0x7e00)
  assert.deepEqual(
    halvesToFloats(new Uint8Array(bits.buffer)),
    Float32Array.of(0, -0, 2 ** -24, -1023 * 2 ** -24, 2 ** -14, 1, -1.0009765625, 65504, Infinity, -Infinity, NaN),
  )
})

test('class names become path names as in Keras', () => {
  const cases = {
    BatchNormalization: 'batch_normalization',
    Conv2D: 'conv2d',
    PReLU: 'p_re_lu',
    'Mine>MyLayer': 'mine_my_layer',
  }
  for (const [name, expected] of Object.entries(cases)) assert.equal(snakeCase(name), expected)
})

const layer = (class_name: string, name: string, layers?: readonly object[]) => ({
  class_name,
  module: 'keras.layers',
  config: { name, ...(layers === undefined ? {} : { layers }) },
})

test('layers without names get those of the configuration, also in a model within the model', async () => {
  const weights = await hdf5(file => {
    for (const [i, group] of ['conv2d', 'conv2d_1', 'functional/layers/conv2d', 'functional/layers/dense'].entries())
      addWeight(file, `layers/${group}/vars/0`, [1], [i])
    addWeight(file, 'optimizer/vars/0', [1], [9])
  })
  const config = layer('Functional', 'model', [
    layer('InputLayer', 'image'),
    { class_name: 'Conv2D', module: 'keras.src.ops.nn', config: {} },
    layer('Conv2D', 'stem'),
    layer('Functional', 'body', [layer('Dense', 'second'), layer('Conv2D', 'first')]),
    layer('Conv2D', 'head'),
  ])
  for (const deflate of [false, true]) {
    const file = put(
      'nested.keras',
      zip([
        { name: 'assets/words.txt', content: 'one' },
        { name: 'metadata.json', content: '{"keras_version":"3.0.0"}', deflate },
        { name: 'config.json', content: JSON.stringify(config), deflate },
        { name: 'model.weights.h5', content: weights, deflate },
      ]),
    )
    assert.deepEqual(
      (await load(file)).map(([name, values]) => [name, values['0']?.[1][0]]),
      [
        ['stem', 0],
        ['body/second', 3],
        ['body/first', 2],
        ['head', 1],
        ['optimizer', 9],
      ],
    )
  }
})

test('archives that are no models are refused with the file and the reason', async () => {
  const weights = fixture('model.weights.h5')
  const model: ZipItem = { name: 'model.weights.h5', content: weights }
  const cases: readonly (readonly [RegExp, Uint8Array])[] = [
    [/holds no model.weights.h5/, zip([{ name: 'model.weights.npz', content: 'x' }])],
    [/model.weights.h5 is there twice/, zip([model, model])],
    [/model.weights.h5 fails its checksum/, zip([{ ...model, claims: { checksum: 1 } }])],
    [/model.weights.h5 fails its checksum/, zip([{ ...model, deflate: true, claims: { checksum: 1 } }])],
    [/cannot be unpacked/, zip([{ ...model, deflate: true, claims: { size: 100 } }])],
    [/cannot be unpacked/, zip([{ ...model, content: Buffer.alloc(99, 255), claims: { method: 8 } }])],
    [/claims 1.00 GiB|claims 1 GiB|claims 1.0 GiB/, zip([{ ...model, deflate: true, claims: { size: 2 ** 30 } }])],
    [/compressed in an unknown way/, zip([{ ...model, claims: { method: 14 } }])],
    [/is encrypted/, zip([{ ...model, claims: { flags: 1, size: weights.length - 12 } }])],
    [/config.json in .* is damaged: it is not JSON/, zip([model, { name: 'config.json', content: '{' }])],
    [/not a JSON object/, zip([model, { name: 'config.json', content: '[]' }])],
    [/config.json is not UTF-8/, zip([model, { name: 'config.json', content: Buffer.of(0xff) }])],
    [
      /config.json claims/,
      zip([model, { name: 'config.json', content: '{}', deflate: true, claims: { size: 2 ** 24 } }]),
    ],
    [/damaged archive/, zip([model]).subarray(0, -30)],
    [/damaged archive/, Buffer.from('PK\x03\x04')],
    [/invalid relative path/, zip([{ ...model, name: '../model.weights.h5' }])],
  ]
  for (const [reason, bytes] of cases) await refuses(() => load(place('bad.keras')), put('bad.keras', bytes), reason)
})

/** One layer, called a, whose weights are listed as they are given. */
const listing = (file: File, ...weights: readonly string[]) => {
  addNames(file, 'layer_names', ['a'])
  const a = file.create_group('a')
  addNames(a, 'weight_names', weights)
  return a
}

const hostile: readonly (readonly [reason: RegExp, build: (file: File) => void])[] = [
  [/neither layer_names nor a group of layers/, () => undefined],
  [/neither layer_names nor a group of layers/, file => addLayers(file, { empty: {} })],
  [/layer "a" is in the list of layers and not in the file/, file => addNames(file, 'layer_names', ['a'])],
  [/layer_names of "\/" has "a" twice/, file => addNames(file, 'layer_names', ['a', 'a'])],
  [/weight_names of "\/a" has "w" twice/, file => listing(file, 'w', 'w')],
  [/attribute layer_names of "\/" is not text/, file => file.create_attribute('layer_names', [1, 2])],
  [/weight "w" of layer "a" is not in the file/, file => listing(file, 'w')],
  [/weight "w" of layer "a" is not in the file/, file => listing(file, 'w').create_group('w')],
  [/"\/a\/w" is a link to another file/, file => listing(file, 'w').create_external_link('/etc/passwd', '/w', 'w')],
  [/"\/a\/w" cannot be read \(too many links\)/, file => listing(file, 'w').create_soft_link('/a/w', 'w')],
  [/weight "w" of layer "a" is not in the file/, file => listing(file, 'w').create_soft_link('/nothing', 'w')],
  [
    /"\/a\/w" claims to be larger than the file/,
    file => {
      const data = new Float32Array(4)
      const set = listing(file, 'w').create_dataset({
        name: 'w',
        data,
        shape: [2, 2],
        maxshape: [null, null],
        chunks: [2, 2],
      })
      set.resize([2 ** 31, 2 ** 31])
    },
  ],
  [
    /"\/a\/w" is compressed/,
    file =>
      listing(file, 'w').create_dataset({ name: 'w', data: new Float32Array(64), chunks: [64], compression: 'gzip' }),
  ],
  [/"\/a\/w" holds I32/, file => listing(file, 'w').create_dataset({ name: 'w', data: [1, 2] })],
  [/"\/a\/w" holds no numbers/, file => listing(file, 'w').create_dataset({ name: 'w', data: ['text'] })],
  [
    /nested more than 32 deep, or in a circle/,
    file => file.create_group('layers').create_hard_link('/layers', 'layers'),
  ],
  [/cannot be read \(too many links\)/, file => file.create_group('layers').create_soft_link('/layers/x', 'x')],
  [/link to another file/, file => file.create_group('layers').create_external_link('other.h5', '/', 'x')],
]

test('hostile HDF5 files are refused with the file and the reason', async () => {
  for (const [i, [reason, build]] of hostile.entries()) {
    const file = put('hostile.h5', await hdf5(build))
    await refuses(async () => assert.fail(`case ${i} was read: ${JSON.stringify(await load(file))}`), file, reason)
  }
})

test('files that are cut short, missing or no files of Keras are refused', async () => {
  const whole = fixture('legacy_weights.h5')
  await refuses(() => load(place('cut.h5')), put('cut.h5', whole.subarray(0, whole.length - 1000)), /truncated file/)
  await refuses(() => load(place('start.h5')), put('start.h5', whole.subarray(0, 8)), /does not open as HDF5/)
  await refuses(() => load(place('empty.h5')), put('empty.h5', Buffer.alloc(0)), /neither HDF5 nor a .keras archive/)
  await refuses(() => load(place('text.h5')), put('text.h5', Buffer.from('no weights at all')), /neither HDF5 nor/)
  await refuses(() => load(place('missing.h5')), 'missing.h5', /no such file/)
  await refuses(() => load(folder), folder, /not a regular file/)
})

test('a library that does not answer is given up, and so is a file that is closed', async () => {
  const file = put('slow.h5', fixture('old.h5'))
  await refuses(() => openKeras(file, 1), file, /still at it after 0.001 s/)
  const keras = await openKeras(file)
  await keras.close()
  await refuses(() => keras.read('conv2d_1', 'conv2d_1/kernel:0'), file, /it is closed/)
  await refuses(async () => keras.readNow('conv2d_1', 'conv2d_1/kernel:0'), file, /it is closed/)
})

test('mutated HDF5 files read as an error or as well-formed ones, and what the library does stays in its thread', async () => {
  const outcomes = await mutateKeras(['legacy_weights.h5', 'old.h5', 'model.weights.h5'].map(fixture), 2000, 7)
  assert.ok(outcomes.refused > 200 && outcomes.read > 200, JSON.stringify(outcomes))
})

test('damaged archives are read or refused in one line', async () => {
  const { read, refused } = await readDamaged(damagedKerasArchives(), 2000, 1)
  assert.ok(read > 20 && refused > 300, `${read} were read, ${refused} refused`)
})

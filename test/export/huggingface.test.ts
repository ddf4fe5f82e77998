import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { env, pipeline } from '@huggingface/transformers'
import { imagenetClasses } from '../../src/data/imagenet-classes.js'
import { resample } from '../../src/data/resample.js'
import { centreCropOf } from '../../src/export/huggingface/processor.js'
import { timmConfig } from '../../src/export/huggingface/timm-config.js'
import { fileDigest } from '../../src/formats/file-digest.js'
import { openSafetensors } from '../../src/formats/safetensors.js'
import { findNetwork } from '../../src/networks/networks.js'
import type { CheckpointState } from '../../src/training/checkpoint-state.js'
import { families } from '../../src/weights/families.js'
import { assertDone, assertRefused, inception } from '../cli/inception.js'
import { pipeline as pictureFile } from '../data/picture.js'
import { readOracle } from '../golden/oracle.js'
import { rewriteCheckpoint, temporaryFolder, tinyModel } from '../training/tiny-run.js'
import { ownProbabilities, picture, writeFirstCheckpoint, writeTellingCheckpoint } from './telling-checkpoint.js'

env.allowRemoteModels = false

const folder = temporaryFolder()
const place = (name: string) => path.join(folder, name)
const names = ['n02012849', 'bee', 'cat', 'n03126707', 'elk', 'fox']
const labels = ['crane', 'bee', 'cat', 'crane', 'elk', 'fox']
const tiny = { ...tinyModel, classes: names.length }

const exported = (checkpoint: string, out: string, ...options: readonly string[]) =>
  inception(['export', checkpoint, '--to', 'huggingface', '--out', out, ...options])

const readJson = (...parts: readonly string[]) => JSON.parse(readFileSync(place(path.join(...parts)), 'utf8'))

type Scores = readonly { readonly label: string; readonly score: number }[]

/** Classifies images as transformers.js does with a folder, and holds all of its scores to our probabilities. */
async function compare(out: string, checkpoint: string, images: readonly ReturnType<typeof picture>[], options = {}) {
  const classify = await pipeline('image-classification', out, options)
  const own = ownProbabilities(checkpoint, images)
  let worst = 0
  let sum = 0
  let same = 0
  for (const [i, image] of images.entries()) {
    const file = place('image.png')
    await pictureFile(image).png().toFile(file)
    const got = (await classify(file, { top_k: names.length })) as Scores
    assert.equal(got.length, names.length)
    const wanted = own[i]!.map((score, c) => ({ label: labels[c]!, score })).sort((a, b) => b.score - a.score)
    if (got[0]!.label === wanted[0]!.label) same++
    for (const [rank, { score }] of got.entries()) {
      const difference = Math.abs(score - wanted[rank]!.score)
      worst = Math.max(worst, difference)
      sum += difference
    }
  }
  await classify.dispose()
  return { worst, mean: sum / (images.length * names.length), same }
}

const pictures = (count: number, width: number, height = width) =>
  Array.from({ length: count }, (_, i) => resample(picture(100 + i, 12), width, height, 'bicubic'))

const checkpoints = { slim: place('slim.safetensors'), timm: place('timm.safetensors') }
for (const [crop, file] of Object.entries(checkpoints) as ['slim' | 'timm', string][])
  writeTellingCheckpoint(file, tiny, names, crop)

test('transformers.js loads the folder and gives the same labels and scores', async () => {
  assertDone(await exported(checkpoints.timm, place('js'), '--target', 'transformers.js'))
  assert.deepEqual(readdirSync(place('js')).sort(), ['README.md', 'config.json', 'onnx', 'preprocessor_config.json'])
  // A short side of 85 is not resized, so that what is left is the same to the last bit of the input.
  const sharp = [...Array.from({ length: 8 }, (_, i) => picture(100 + i, 85)), ...pictures(4, 85, 140)]
  assert.ok((await compare(place('js'), checkpoints.timm, sharp)).worst < 1e-5)
  // Its resizing is another one, which on smooth pictures makes little difference.
  for (const [width, height] of [
    [86, 86],
    [120, 90],
    [300, 400],
  ] as const) {
    const { worst, same } = await compare(place('js'), checkpoints.timm, pictures(8, width, height))
    assert.ok(same >= 7 && worst < 0.1, `${width}×${height}: ${same} of 8 labels, scores off by ${worst}`)
  }
})

test("TF-Slim's crop becomes the nearest one, and the card says so", async () => {
  assertDone(await exported(checkpoints.slim, place('slim'), '--target', 'transformers.js', '--variants', 'fp16'))
  assert.deepEqual(readJson('slim', 'preprocessor_config.json').size, { shortest_edge: 85 })
  assert.match(
    readFileSync(place('slim/README.md'), 'utf8'),
    /nearest they can be told: .* central 87\.5 % of each side/,
  )
  // Of a square of 85 the two are the same; of others they are not.
  const squares = Array.from({ length: 8 }, (_, i) => picture(100 + i, 85))
  assert.ok((await compare(place('slim'), checkpoints.slim, squares)).worst < 1e-5)
  const half = await compare(place('slim'), checkpoints.slim, squares, { dtype: 'fp16' })
  assert.ok(half.worst > 1e-5 && half.worst < 0.02, `fp16 is off by ${half.worst}`)
  const { mean, same } = await compare(place('slim'), checkpoints.slim, pictures(8, 120, 100))
  assert.ok(same >= 6 && mean < 0.05, `${same} of 8 labels, scores off by ${mean} in the mean`)
})

test('labels are what people call the classes, and of two cranes the first is found by its name', () => {
  const { id2label, label2id, model_type } = readJson('js', 'config.json')
  assert.deepEqual(Object.values(id2label), labels)
  assert.deepEqual(label2id, { crane: 0, bee: 1, cat: 2, elk: 4, fox: 5 })
  assert.equal(model_type, 'resnet')
})

test("timm's folder has timm's names, shapes and keys, and comes back as it was", async () => {
  const classNames = imagenetClasses.map(({ wnid }) => wnid)
  const model = { network: 'inception-v4', size: 299, width: 1, normScale: true, classes: 1000 }
  const checkpoint = place('v4.safetensors')
  writeFirstCheckpoint(checkpoint, { model, classNames, centralFraction: 0.875, crop: 'timm', epoch: 0 })
  assertDone(await exported(checkpoint, place('v4'), '--target', 'timm'))
  assert.deepEqual(readdirSync(place('v4')).sort(), ['NOTICE', 'README.md', 'config.json', 'model.safetensors'])
  using weights = openSafetensors(place('v4/model.safetensors'))
  const shapes = [...weights.tensors.values()].map(({ name, shape }) => [name, shape])
  const known = readOracle('inception-v4').keys.filter(([name]) => !name.endsWith('num_batches_tracked'))
  assert.deepEqual(shapes.sort(), known.map(([name, shape]) => [name, shape]).sort())
  const { label_names, label_descriptions, ...config } = readJson('v4', 'config.json')
  assert.deepEqual(label_names, classNames)
  assert.equal(label_descriptions.n01440764, 'tench, Tinca tinca')
  assert.deepEqual(config, {
    architecture: 'inception_v4',
    num_classes: 1000,
    num_features: 1536,
    global_pool: 'avg',
    pretrained_cfg: {
      custom_load: false,
      input_size: [3, 299, 299],
      fixed_input_size: false,
      interpolation: 'bicubic',
      crop_pct: 0.875,
      crop_mode: 'center',
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5],
      num_classes: 1000,
      pool_size: [8, 8],
      first_conv: 'features.0.conv',
      classifier: 'last_linear',
    },
  })
  const again = place('again.safetensors')
  const files = ['--from', 'timm', '--network', 'inception-v4', '--out', again]
  assertDone(await inception(['import', place('v4/model.safetensors'), ...files]))
  using first = openSafetensors(checkpoint)
  using second = openSafetensors(again)
  for (const name of [...first.tensors.keys()].filter((_, i) => i % 40 === 0))
    assert.deepEqual(second.read(name), first.read(name), name)
})

test('one folder is for both, where the auxiliary head stays out', async () => {
  const model = { network: 'inception-v3-torch', size: 107, width: 1, normScale: true, classes: names.length }
  const checkpoint = place('v3.safetensors')
  const state = { model, classNames: names, centralFraction: 0.875, crop: 'torchvision', epoch: 0 } as const
  writeFirstCheckpoint(checkpoint, state, { auxiliary: true })
  const ended = assertDone(await exported(checkpoint, place('both'), '--json'))
  const { architecture, onnx } = JSON.parse(ended.stdout)
  assert.equal(architecture, 'inception_v3')
  assert.equal(onnx.files[0].file, place('both/onnx/model.onnx'))
  const { pretrained_cfg, id2label, architectures } = readJson('both', 'config.json')
  assert.deepEqual([pretrained_cfg.num_classes, Object.keys(id2label).length], [6, 6])
  assert.deepEqual(architectures, ['ResNetForImageClassification'])
  using weights = openSafetensors(place('both/model.safetensors'))
  assert.deepEqual(
    [...weights.tensors.keys()].filter(name => name.startsWith('AuxLogits')),
    [],
  )
  const classify = await pipeline('image-classification', place('both'))
  const file = place('image.png')
  await pictureFile(picture(0, 130)).png().toFile(file)
  assert.equal(((await classify(file, { top_k: 3 })) as Scores).length, 3)
  await classify.dispose()
})

// From timm's own configurations of these weights on the hub.
const known: Readonly<Record<string, object>> = {
  inception_v4: { num_features: 1536, pool_size: [8, 8], first_conv: 'features.0.conv', classifier: 'last_linear' },
  inception_resnet_v2: { num_features: 1536, pool_size: [8, 8], first_conv: 'conv2d_1a.conv', classifier: 'classif' },
  inception_v3: { num_features: 2048, pool_size: [8, 8], first_conv: 'Conv2d_1a_3x3.conv', classifier: 'fc' },
  resnet152: { num_features: 2048, pool_size: [7, 7], first_conv: 'conv1', classifier: 'fc' },
}

for (const family of families.filter(({ library, retired }) => library === 'timm' && !retired))
  test(`the configuration of ${family.title} is timm's`, () => {
    const { name: crop, fraction } = family.crop
    const { size } = findNetwork(family.network)
    const model = { network: family.network, classes: 2, size, width: 1, normScale: true }
    const state: CheckpointState = { model, classNames: ['a', 'b'], centralFraction: fraction, crop, epoch: 0 }
    const { num_features, pretrained_cfg } = timmConfig(state, family) as {
      num_features: number
      pretrained_cfg: Readonly<Record<string, unknown>>
    }
    const { pool_size, first_conv, classifier, crop_pct } = pretrained_cfg
    assert.deepEqual({ num_features, pool_size, first_conv, classifier }, known[family.title])
    // timm's arithmetic gives the short side that the checkpoint was evaluated with.
    assert.equal(Math.floor(size / Number(crop_pct)), centreCropOf(state).short)
  })

test('the card has the evaluations that are named, of these weights only', async () => {
  const weights_sha256 = fileDigest(checkpoints.timm)
  const row = {
    ...{ weights_sha256, subset: 'all', images: 60, images_bad: 2, precision: 'f32' },
    crops: '12 crops: short side 342 | corners',
    ...{ top1_err: 12.5, top1_low: 75, top1_high: 95, top5_err: 2, top5_low: 90, top5_high: 99 },
  }
  mkdirSync(place('evaluation'))
  const write = (rows: readonly object[]) =>
    writeFileSync(place('evaluation/result.json'), JSON.stringify({ data: '/home/someone/photos/val', rows }))
  write([row, { ...row, weights_sha256: 'of another' }])
  const options = ['--target', 'transformers.js', '--results', place('evaluation')]
  assertDone(await exported(checkpoints.timm, place('card'), ...options))
  const card = readFileSync(place('card/README.md'), 'utf8')
  assert.match(card, /^---\ntags:\n- image-classification\n- transformers\.js\npipeline_tag: image-classification\n/)
  const lines = card.split('\n').filter(line => line.startsWith('| val'))
  assert.deepEqual(lines, [
    '| val: 60 | 12 crops: short side 342 \\| corners | f32 | 12.50 % (5.00 – 25.00) | 2.00 % (1.00 – 10.00) | 2 |',
  ])
  assert.doesNotMatch(card, /someone/)
  for (const heading of ['Model Details', 'Usage', 'Evaluation', 'Training', 'Citation'])
    assert.match(card, new RegExp(`^## ${heading}$`, 'm'))
  write([{ ...row, weights_sha256: 'of another' }])
  assertRefused(await exported(checkpoints.timm, place('no'), ...options), 2, /is a result of other weights/)
  writeFileSync(place('evaluation/result.json'), '[]')
  assertRefused(await exported(checkpoints.timm, place('no'), ...options), 2, /is no result of an evaluation/)
})

test('what cannot be is refused before anything is written', async () => {
  const refusals = [
    [[], /timm cannot load it \(--target transformers\.js needs no timm\): no library's names are known/],
    [['--target', 'timmm'], /did you mean 'timm'/],
    [['--target', 'timm', '--variants', 'fp16'], /--variants is of ONNX models, and --target timm has none/],
    [['--target', 'transformers.js', '--variants', 'q8'], /q8 needs images/],
    [['--names', 'timm'], /--names belongs to --to safetensors/],
  ] as const
  const refuse = async ([options, message]: (typeof refusals)[number]) =>
    assertRefused(await exported(checkpoints.timm, place('refused'), ...options), 2, message)
  await Promise.all(refusals.map(refuse))
  assertRefused(
    await exported(checkpoints.timm, place('js'), '--target', 'transformers.js'),
    2,
    /js is not empty: choose another folder/,
  )
  const broken = place('broken.safetensors')
  writeTellingCheckpoint(broken, tiny, names, 'timm')
  rewriteCheckpoint(broken, {}, (name, values) => void (name === 'logits.bias' && values.fill(Number.NaN)))
  assertRefused(await exported(broken, place('refused'), '--target', 'transformers.js'), 1, /not all numbers/)
  rewriteCheckpoint(broken, { classNames: [] })
  for (const form of ['huggingface', 'web'])
    assertRefused(
      await inception(['export', broken, '--to', form, '--out', place('refused')]),
      1,
      /broken\.safetensors names 0 classes, and its network has 6 outputs: export it to onnx/,
    )
  assert.deepEqual(
    readdirSync(folder).filter(name => name.includes('refused')),
    [],
  )
})

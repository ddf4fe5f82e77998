import assert from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  watch,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { openBackend } from '../../src/backends/open.js'
import { openEvaluationData } from '../../src/data/sources/open.js'
import { evaluatorOf } from '../../src/evaluation/checkpoint-evaluator.js'
import { readCheckpoint, writeCheckpointFile } from '../../src/training/checkpoint.js'
import type { EvaluationEvent } from '../../src/training/events.js'
import { readEventLog } from '../../src/training/sinks/jsonl.js'
import { drawTinyData, sha256, temporaryFolder, tinyModelFlags } from '../training/tiny-run.js'
import { assertDone, assertRefused, inception } from './inception.js'

process.env.OMP_NUM_THREADS = '1'

const root = temporaryFolder()
const data = await drawTinyData(path.join(root, 'data'))
const recipe = ['--batch', '4', '--learning-rate', '0.01', '--norm-decay', '0.9', '--average-decay', '0.9']
for (const [run, seed, epochs] of [
  ['one', '1', '4'],
  ['two', '2', '3'],
] as const)
  assertDone(
    await inception(
      ['train', ...tinyModelFlags, ...recipe, '--data', 'data', '--seed', seed, '--epochs', epochs, '--out', run],
      { cwd: root },
    ),
  )

const newest = (run: string) => {
  const folder = path.join(run, 'checkpoints')
  return path.join(folder, readdirSync(path.join(root, folder)).sort().at(-1)!)
}
const evaluate = (...args: string[]) => inception(['evaluate', ...args], { cwd: root })
const evaluateJson = async (...args: string[]) => JSON.parse(assertDone(await evaluate(...args, '--json')).stdout)

test('a checkpoint by itself gives the numbers of the last evaluation of its run', async () => {
  const { members, badImages, crops, ensemble } = await evaluateJson('--checkpoint', 'one', '--data', 'data')
  assert.deepEqual({ badImages, ensemble }, { badImages: [], ensemble: undefined })
  assert.match(crops, /: the central 0\.875 of each side/)
  const log = readEventLog(path.join(root, 'one', 'events.jsonl'))
  const last = log.findLast(event => event.type === 'evaluation') as EvaluationEvent
  assert.equal(last.step, 24)
  const { checkpoint, model, top1Error, top5Error, loss, images } = members[0]
  assert.deepEqual([members.length, checkpoint, model], [1, newest('one'), 'inception-resnet-v1'])
  assert.deepEqual(
    { top1Error, top5Error, loss, images },
    {
      top1Error: last.top1Error,
      top5Error: last.top5Error,
      loss: last.loss,
      images: last.images,
    },
  )
})

test('a file, a run folder, and a folder of class folders say the same', async () => {
  const byRun = await evaluateJson('--checkpoint', 'one', '--data', 'data')
  const byFile = await evaluateJson('--checkpoint', newest('one'), '--data', path.join('data', 'val'))
  assert.deepEqual(byFile, byRun)
})

test('a checkpoint that names its crop is evaluated on it, unless another is asked for', async () => {
  using original = readCheckpoint(path.join(root, newest('one')))
  const tensors = original.names.map(name => ({
    ...original.tensor(name),
    name,
    bytes: () => original.tensor(name).bytes,
  }))
  const withCrop = (crop: string) => {
    const state = { ...original.state, crop }
    writeCheckpointFile(path.join(root, `${crop}.safetensors`), 0, { state, tensors })
    return `${crop}.safetensors`
  }
  const [timm, other] = [withCrop('timm'), withCrop('other')]
  const cropsOf = async (...args: string[]) => (await evaluateJson('--data', 'data', '--checkpoint', ...args)).crops
  assert.match(await cropsOf(timm), /^single crop \(timm\): short side /)
  assert.match(await cropsOf(timm, '--single', 'slim'), /: the central 0\.875 of each side/)
  assert.match(await cropsOf('one', timm, '--single', 'torchvision'), /^single crop \(torchvision\): short side /)
  assertRefused(
    await evaluate('--checkpoint', 'one', timm, '--data', 'data'),
    2,
    /different crops, slim and timm: say which \(--single\)/,
  )
  assertRefused(
    await evaluate('--checkpoint', other, '--data', 'data'),
    1,
    /other\.safetensors: a crop that this program/,
  )
})

test('an ensemble is the mean of its members’ probabilities', async () => {
  const files = ['one', 'two'].map(newest)
  const result = await evaluateJson('--checkpoint', ...files, '--data', 'data')
  const images = await openEvaluationData(data)
  const backend = openBackend('auto', () => {})
  const singles: Float32Array[] = []
  let labels = new Int32Array()
  for (const file of files) {
    using checkpoint = readCheckpoint(path.join(root, file))
    const precision = result.precision
    await using evaluator = evaluatorOf(checkpoint, {
      backend,
      precision,
      images,
      badImages: 'error',
      crops: { kind: 'views', name: 'slim' },
    })
    const { predictions } = await evaluator.run()
    singles.push(predictions.probabilities)
    labels = predictions.labels.slice()
  }
  const [a, b] = singles as [Float32Array, Float32Array]
  for (let row = 0; row < a.length; row += 3)
    assert.ok(Math.abs(a[row]! + a[row + 1]! + a[row + 2]! - 1) < 1e-5, 'probabilities add up to one')
  let wrong = 0
  let loss = 0
  for (const [i, label] of labels.entries()) {
    const mean = [0, 1, 2].map(k => (a[3 * i + k]! + b[3 * i + k]!) / 2)
    if (mean.indexOf(Math.max(...mean)) !== label) wrong++
    loss -= Math.log(mean[label]!) / labels.length
  }
  assert.equal(result.members.length, 2)
  assert.deepEqual([result.ensemble.top1Error, result.ensemble.top5Error], [wrong / 12, 0])
  assert.ok(Math.abs(result.ensemble.loss - loss) < 1e-6)
  assert.notEqual(result.members[0].loss, result.members[1].loss)

  const { stdout } = assertDone(await evaluate('--checkpoint', 'one', 'two', '--data', 'data'))
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`
  const row = stdout.split('\n').find(line => line.startsWith('ensemble of 2'))
  assert.match(
    row!.replace(/\s+/g, ' '),
    new RegExp(`^ensemble of 2 ${percent(wrong / 12)} [\\d.]+ … [\\d.]+ 0.0 % 0.0 … 24.2 12$`),
  )
  assert.match(stdout, /: the central 0\.875 of each side/m)
})

test('bad images stop an evaluation and are named, or are left out and listed', async () => {
  const folder = path.join(root, 'bad data')
  cpSync(data, folder, { recursive: true })
  const items = (await openEvaluationData(folder)).items.map(item => item.path)
  const [cut, text] = [items[2]!, items[7]!]
  truncateSync(cut, 700)
  writeFileSync(text, 'no image at all')
  assertRefused(
    await evaluate('--checkpoint', 'one', '--data', 'bad data'),
    1,
    /bad image .*: the image data is cut short/,
  )
  const args = ['--checkpoint', 'one', '--data', 'bad data', '--bad-images', 'skip']
  const { members, badImages } = await evaluateJson(...args)
  const relative = (file: string) => path.relative(root, file)
  assert.equal(members[0].images, 10)
  assert.deepEqual(badImages, [
    { path: relative(cut), reason: 'the image data is cut short or damaged' },
    { path: relative(text), reason: 'the content is no JPEG, PNG or WebP image' },
  ])
  const { stdout } = assertDone(await evaluate(...args))
  assert.ok(stdout.includes(`left out: ${relative(text)}: the content is no JPEG`), stdout)

  const moving = ['--checkpoint', 'one', '--data', 'bad data', '--bad-images', 'quarantine']
  const truth = ['--ground-truth', 'truth.txt']
  assertRefused(await evaluate(...moving, ...truth), 2, /--ground-truth has a line an image, so none can be moved away/)
  const { stderr } = assertDone(await evaluate(...moving, '--json'))
  assert.match(stderr, /bad images moved to .*bad data-quarantine: 2$/m)
  for (const file of [cut, text]) {
    assert.equal(existsSync(file), false)
    assert.ok(existsSync(path.join(root, 'bad data-quarantine', path.relative(folder, file))))
  }
})

test('what is no checkpoint, or one of other classes, is refused before anything is computed', async () => {
  const other = path.join(root, 'other data')
  cpSync(data, other, { recursive: true })
  const [first] = readdirSync(path.join(other, 'val')).sort()
  renameSync(path.join(other, 'val', first!), path.join(other, 'val', 'zebra'))
  cpSync(path.join(root, 'one'), path.join(root, 'damaged'), { recursive: true })
  for (const name of readdirSync(path.join(root, 'damaged', 'checkpoints')))
    truncateSync(path.join(root, 'damaged', 'checkpoints', name), 5000)
  const cases: [args: string[], message: RegExp][] = [
    [
      ['--checkpoint', 'one', '--data', 'other data'],
      /is of 3 classes and other data\/val has 3: 'zebra' is not in both/,
    ],
    [['--checkpoint', 'nowhere', '--data', 'data'], /cannot read nowhere: there is no such file/],
    [['--checkpoint', 'data', '--data', 'data'], /data is a folder without checkpoints/],
    [['--checkpoint', 'data/dataset.json', '--data', 'data'], /dataset.json is not a valid safetensors file/],
    [['--checkpoint', 'one', newest('damaged'), '--data', 'data'], /damaged\/checkpoints\/step-\d+.safetensors/],
    [['--checkpoint', 'one', '--data', 'nowhere'], /the data folder nowhere does not exist/],
  ]
  for (const [args, message] of cases) assertRefused(await evaluate(...args), 1, message)

  const ended = await evaluate('--checkpoint', 'damaged', '--data', 'data')
  assert.equal(ended.code, 1)
  assert.match(ended.stderr, /^inception: none of the 3 checkpoints in damaged\/checkpoints is whole/m)
})

const number = (n: number) => `ILSVRC2012_val_${String(n).padStart(8, '0')}.JPEG`

/** The validation images as ILSVRC's are: in one folder, numbered in another order than their classes'. */
async function flatten(
  folder: string,
  copies = 1,
): Promise<{ readonly names: readonly string[]; readonly classes: readonly string[] }> {
  const { items, classes } = await openEvaluationData(data)
  const shuffled = items.map((item, i) => ({ item, at: (5 * i) % items.length })).sort((a, b) => a.at - b.at)
  mkdirSync(path.join(root, folder))
  for (let copy = 0; copy < copies; copy++)
    for (const [i, { item }] of shuffled.entries())
      cpSync(item.path, path.join(root, folder, number(copy * items.length + i + 1)))
  return { names: shuffled.map(({ item }) => classes[item.label]!), classes }
}

const { names, classes } = await flatten('flat')
/** Line n is ID n: in another order than the alphabet. */
const idOrder = [classes[2]!, classes[0]!, classes[1]!]
const write = (name: string, lines: readonly (string | number)[]) => {
  writeFileSync(path.join(root, name), lines.map(line => `${line}\n`).join(''))
  return name
}
const namesFile = write('names.txt', names)
const idsFile = write(
  'ids.txt',
  names.map(name => idOrder.indexOf(name) + 1),
)
const synsetsFile = write('synsets.txt', idOrder)
const flat = ['--checkpoint', 'one', '--data', 'flat']

test('a flat folder with ground truth, by name or by ID, scores as class folders do', async () => {
  const byFolders = (await evaluateJson('--checkpoint', 'one', '--data', 'data')).members[0]
  for (const truth of [
    ['--ground-truth', namesFile],
    ['--ground-truth', idsFile, '--synsets', synsetsFile],
  ]) {
    const { members } = await evaluateJson(...flat, ...truth)
    const { loss, ...counted } = members[0]
    const { loss: expected, ...rest } = byFolders
    assert.deepEqual(counted, rest)
    assert.ok(Math.abs(loss - expected) < 1e-6, 'the same but for the order of the sum')
  }
})

test('a submission has the best IDs of each image in the order of file names, with or without ground truth', async () => {
  const order = ['--synsets', synsetsFile, '--submission']
  const plain = assertDone(await evaluate(...flat, ...order, 'blind.txt'))
  assert.match(plain.stdout, /^12 images predicted into blind\.txt; their classes are not known\n.*: the central/)
  const blind = readFileSync(path.join(root, 'blind.txt'), 'utf8')
  const lines = blind.trimEnd().split('\n')
  assert.equal(lines.length, 12)
  for (const line of lines) assert.deepEqual(line.split(' ').sort(), ['1', '2', '3'])
  const { members } = await evaluateJson(...flat, ...order, 'seen.txt', '--ground-truth', namesFile)
  assert.equal(readFileSync(path.join(root, 'seen.txt'), 'utf8'), blind)
  const wrong = lines.filter((line, i) => idOrder[Number(line[0]) - 1] !== names[i]).length
  assert.equal(members[0].top1Error, wrong / 12)
})

test('a line of a submission that is a guess is told of', async () => {
  cpSync(path.join(root, 'flat'), path.join(root, 'flat with a gap'), { recursive: true })
  writeFileSync(path.join(root, 'flat with a gap', number(4)), 'no image at all')
  const args = ['--checkpoint', 'one', '--data', 'flat with a gap', '--bad-images', 'skip']
  const { stdout, stderr } = assertDone(await evaluate(...args, '--synsets', synsetsFile, '--submission', 'gap.txt'))
  assert.match(
    stderr,
    /^inception: .*00000004\.JPEG could not be read: its line in gap\.txt guesses the first classes$/m,
  )
  assert.match(stdout, /^left out: .*00000004\.JPEG: the content is no JPEG/m)
  const lines = readFileSync(path.join(root, 'gap.txt'), 'utf8').split('\n')
  const guess = [0, 1, 2].map(label => idOrder.indexOf(classes[label]!) + 1).join(' ')
  assert.deepEqual([lines.length, lines[3]], [13, guess])
})

test('part of the images is reported beside all of them', async () => {
  const excluded = write('blacklist.txt', [2, 5, 7])
  const args = [...flat, '--ground-truth', namesFile]
  const { members, subset, rows, mistakes } = await evaluateJson(...args, '--exclude', excluded)
  assert.deepEqual(subset, { name: 'without blacklist.txt', images: 9 })
  const [all] = members
  const left = mistakes.filter((m: { path: string }) => ![2, 5, 7].some(n => m.path.endsWith(number(n)))).length
  assert.deepEqual([all.images, all.subset.images, all.subset.top1Error], [12, 9, left / 9])
  assert.ok(Math.abs(all.subset.top1Difference - (left / 9 - all.top1Error)) < 1e-12)
  assert.deepEqual(
    rows.map((row: { subset: string; images: number }) => [row.subset, row.images]),
    [
      ['all', 12],
      ['without blacklist.txt', 9],
    ],
  )
  const kept = write('kept.txt', [1, number(3), 4, 6, 8, `flat/${number(9)}`, '10', 11, '0012'])
  const listed = await evaluateJson(...args, '--list', kept)
  assert.deepEqual({ ...listed.members[0].subset }, all.subset)
  const both = await evaluateJson(...args, '--list', kept, '--exclude', write('one.txt', [1]))
  assert.deepEqual(both.subset, { name: 'in kept.txt without one.txt', images: 8 })
  const { stdout } = assertDone(await evaluate(...args, '--exclude', excluded))
  assert.match(stdout, /^ {2}without blacklist\.txt +.* 9 +[+-]?\d+\.\d\d \/ 0\.00 points$/m)
})

test('results are written as JSON and tables, and nothing else is left in the folder', async () => {
  const { stdout } = assertDone(
    await evaluate('--checkpoint', 'one', 'two', '--data', 'data', '--out', 'out/of/this', '--json'),
  )
  const folder = path.join(root, 'out/of/this')
  assert.deepEqual(readdirSync(folder).sort(), [
    'confusion.csv',
    'mistakes.csv',
    'per-class.csv',
    'result.csv',
    'result.json',
  ])
  const read = (name: string) => readFileSync(path.join(folder, name), 'utf8')
  const result = JSON.parse(stdout)
  assert.deepEqual(JSON.parse(read('result.json')), result)
  assert.deepEqual(
    result.rows.map((row: { seed: string }) => row.seed),
    ['1', '2', '1 2'],
  )
  assert.equal(result.rows[0].weights_sha256, sha256(path.join(root, newest('one'))))
  assert.equal(result.rows[2].model, '2 × inception-resnet-v1')
  const lines = (name: string) => read(name).trimEnd().split('\n').length - 1
  assert.deepEqual([lines('result.csv'), lines('per-class.csv')], [3, 3])
  assert.equal(lines('mistakes.csv'), result.mistakes.length)
  assert.equal(lines('confusion.csv'), result.confusions.length)
  assert.match(read('result.csv'), /^model,top1,top1_err,top5,top5_err,param_count,img_size,crop_pct,interpolation,/)
})

test('what goes wrong is told in short', async () => {
  const { mistakes, confusions } = await evaluateJson('--checkpoint', 'one', '--data', 'data')
  const { stdout } = assertDone(await evaluate('--checkpoint', 'one', '--data', 'data'))
  const under = (title: string) =>
    new RegExp(`^${title}:\\n((?: {2}.*\\n)*)`, 'm').exec(stdout)?.[1]?.split('\n').slice(0, -1) ?? []
  assert.equal(under('most confident mistakes').length, Math.min(3, mistakes.length))
  assert.equal(under('most confused').length, Math.min(5, confusions.length))
  for (const { label, predicted, count } of confusions.slice(0, 5))
    assert.ok(under('most confused').includes(`  ${label} taken for ${predicted}: ${count}`))
})

test('Ctrl-C keeps what is done, and the same command goes on', async () => {
  await flatten('many', 3)
  const truth = write('many.txt', [...names, ...names, ...names])
  const args = ['--checkpoint', 'one', '--data', 'many', '--ground-truth', truth, '--crops', '144']
  const out = path.join(root, 'kept')
  mkdirSync(out)
  const begun = new AbortController()
  const watcher = watch(out, () => begun.abort())
  const order = ['evaluate', ...args, '--out', 'kept', '--json']
  const stopped = await inception(order, { cwd: root, send: 'SIGINT', signal: begun.signal })
  watcher.close()
  assert.equal(stopped.code, 130, stopped.stderr)
  assert.equal(stopped.stdout, '')
  assert.match(
    stopped.stderr,
    /keeping what is done; once more to quit at once\ninception: interrupted; the same command goes on\n$/,
  )
  assert.deepEqual(
    readdirSync(out).map(name => path.extname(name)),
    ['.progress'],
  )
  const resumed = assertDone(await inception(order, { cwd: root }))
  assert.deepEqual(JSON.parse(resumed.stdout), await evaluateJson(...args))
  assert.equal(
    readdirSync(out).some(name => name.endsWith('.progress')),
    false,
  )
})

test('crops are chosen and described', async () => {
  const args = ['--checkpoint', 'one', '--data', 'data']
  const timm = await evaluateJson(...args, '--single', 'timm')
  assert.match(timm.crops, /: short side 85, .* centre 75 × 75; bicubic/)
  const { crops, rows } = await evaluateJson(...args, '--crops', '12')
  assert.match(crops, /: short side 86; corners and centre/)
  assert.deepEqual([rows[0].crop_pct, rows[0].interpolation], [null, 'bicubic'])
  const dense = await evaluateJson(...args, '--crops', 'dense')
  assert.match(dense.crops, /^dense: .* short side 75, /)
  assert.deepEqual([dense.rows[0].crop_pct, dense.rows[0].interpolation], [null, 'bicubic'])
  assert.deepEqual([timm.rows[0].crop_pct, timm.rows[0].interpolation], [0.875, 'bicubic'])
})

test('options that make no sense together are misuse', async () => {
  const args = ['--checkpoint', 'one', '--data']
  const cases: [args: string[], message: RegExp][] = [
    [[...args, 'data', '--crops', '11'], /unknown number of crops '11': .* There are: 1, 10, 12, 144, dense/],
    [[...args, 'data', '--single', 'tim'], /unknown way to cut 'tim': did you mean 'timm'/],
    [[...args, 'data', '--crops', '12', '--single', 'timm'], /--single says how one crop is cut, and --crops is 12/],
    [[...args, 'flat', '--submission', 'x.txt'], /a submission is written in ILSVRC2012_IDs: give --synsets/],
    [[...args, 'data', '--synsets', synsetsFile], /--synsets is for --ground-truth or --submission/],
    [
      [...args, 'flat', '--synsets', synsetsFile, '--submission', 'x.txt', '--list', idsFile],
      /--list is about errors, .* in flat are not known: give --ground-truth/,
    ],
  ]
  for (const [args, message] of cases) assertRefused(await evaluate(...args), 2, message)
  assert.equal(existsSync(path.join(root, 'x.txt')), false)
})

test('lists and ground truth that do not fit are refused with file and line', async () => {
  const truth = ['--ground-truth', namesFile]
  const cases: [args: string[], message: RegExp][] = [
    [flat, /flat holds 12 images but no class folders/],
    [[...flat, '--ground-truth', idsFile], /ids\.txt, line 1: \d is an ILSVRC2012_ID, .*: give --synsets/],
    [[...flat, '--ground-truth', write('few.txt', names.slice(1))], /few\.txt has 11 lines and flat 12 images/],
    [[...flat, '--ground-truth', idsFile, '--synsets', write('two.txt', idOrder.slice(1))], /two\.txt lacks the class/],
    [[...flat, ...truth, '--list', write('zero.txt', [0])], /zero\.txt, line 1: there is no ILSVRC2012_val_00000000/],
    [[...flat, ...truth, '--list', write('twice.txt', [3, number(3)])], /twice\.txt, line 2: .* in line 1 already/],
    [
      [
        ...flat,
        ...truth,
        '--exclude',
        write(
          'all.txt',
          names.map((_, i) => i + 1),
        ),
      ],
      /all\.txt excludes every image/,
    ],
    [[...flat, ...truth, '--out', namesFile], /cannot write names\.txt: it exists already/],
    [[...flat, ...truth, '--synsets', synsetsFile, '--submission', 'data'], /cannot write data: it is a folder/],
  ]
  for (const [args, message] of cases) assertRefused(await evaluate(...args), 1, message)
})

test('checkpoints of other classes make no ensemble', async () => {
  const other = path.join(root, 'other.safetensors')
  using checkpoint = readCheckpoint(path.join(root, newest('two')))
  const { state, names, step } = checkpoint
  const tensors = names.map(name => {
    const { dtype, shape, bytes } = checkpoint.tensor(name)
    return { name, dtype, shape, bytes: () => bytes }
  })
  writeCheckpointFile(other, step, { state: { ...state, classNames: [...classes.slice(0, 2), 'zebra'] }, tensors })
  assertRefused(
    await evaluate('--checkpoint', 'one', 'other.safetensors', '--data', 'data'),
    1,
    new RegExp(
      `one/checkpoints/.* and other\\.safetensors make no ensemble: only one/checkpoints/\\S+ has the class '${classes[2]}'`,
    ),
  )
})

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { choosePrecision, openBackend } from '../../src/backends/open.js'
import { decodeFile } from '../../src/data/decode.js'
import { npyHeader } from '../../src/formats/npy.js'
import { noise, pipeline } from '../data/picture.js'
import { untrainedModel, writeUntrained } from '../evaluation/untrained.js'
import { openClassifier, predictOne } from '../prediction/setting.js'
import { temporaryFolder } from '../training/tiny-run.js'
import { assertDone, assertRefused, type Ended, inception, main } from './inception.js'

const root = temporaryFolder()
const inRoot = (...names: string[]) => path.join(root, ...names)
const checkpoint = writeUntrained(inRoot('untrained.safetensors'), ['n01440764', 'bee', 'cat'])
const { size } = untrainedModel
const images = ['one.png', 'photos/b.png', 'photos/a/c.png', 'photos/d.png', 'exact/e.png'] as const
for (const [i, file] of images.entries()) {
  mkdirSync(path.dirname(inRoot(file)), { recursive: true })
  const side = file === 'exact/e.png' ? size : 80 + 5 * i
  await pipeline(noise(i, side, side))
    .png()
    .toFile(inRoot(file))
}
mkdirSync(inRoot('empty'))
mkdirSync(inRoot('run/checkpoints'), { recursive: true })
cpSync(checkpoint, inRoot('run/checkpoints/step-00000001.safetensors'))

const predict = (...args: string[]) => inception(['predict', ...args], { cwd: root })
const own = ['--checkpoint', 'untrained.safetensors']
const predictJson = async (...args: string[]) => JSON.parse(assertDone(await predict(...args, '--json')).stdout)

interface Told {
  readonly image: string
  readonly top: readonly { readonly label: string; readonly score: number; readonly class: string }[]
  readonly logits?: readonly number[]
}

test('a line a class: image, rank, probability and what people call it', async () => {
  const { stdout, stderr } = assertDone(await predict('one.png', ...own, '--top', '2'))
  using classifier = openClassifier(checkpoint, {
    precision: choosePrecision(
      openBackend('auto', () => {}),
      'auto',
    ),
  })
  const { probabilities } = await predictOne(classifier, inRoot('one.png'))
  const order = [0, 1, 2].sort((a, b) => probabilities[b]! - probabilities[a]!)
  const labels = ['tench, Tinca tinca', 'bee', 'cat']
  const line = (rank: number) => `one.png\t${rank}\t${probabilities[order[rank - 1]!]}\t${labels[order[rank - 1]!]}\n`
  assert.equal(stdout, line(1) + line(2))
  assert.equal(stderr.replace(/.*(oneDNN cannot be used|computing in f32).*\n/g, ''), '')
})

test('files, folders with all below them and patterns, in the order they are named', async () => {
  const told: Told[] = await predictJson('photos', 'one.png', 'exact/*.png', ...own, '--checkpoint', 'run')
  assert.deepEqual(
    told.map(({ image }) => image),
    ['photos/a/c.png', 'photos/b.png', 'photos/d.png', 'one.png', 'exact/e.png'].map(name => path.normalize(name)),
  )
  for (const { top } of told) {
    assert.equal(top.length, 3)
    assert.deepEqual(
      top.map(({ score }) => score),
      top.map(({ score }) => score).sort((a, b) => b - a),
    )
    assert.ok(Math.abs(top.reduce((sum, { score }) => sum + score, 0) - 1) < 1e-5)
  }
  const tench = told[0]!.top.find(({ class: name }) => name === 'n01440764')
  assert.equal(tench?.label, 'tench, Tinca tinca')
})

test('--resize none gives the logits of the library to the bit, and refuses another size by naming both', async () => {
  const exact = ['--resize', 'none', '--precision', 'f32', '--threads', '1', '--logits']
  const [told] = (await predictJson('exact/e.png', ...own, ...exact)) as Told[]
  using classifier = openClassifier(checkpoint, { look: 'exact' })
  const { logits } = await predictOne(classifier, await decodeFile(inRoot('exact/e.png')))
  assert.deepEqual(told!.logits, [...logits])
  assertRefused(
    await predict('one.png', ...own, ...exact),
    1,
    /bad image one\.png: it has 80×80 pixels, and the network takes 75×75/,
  )
})

function predictFrom(file: string, ...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [main, 'predict', ...args], { cwd: root })
  child.stdin.on('error', () => {}).end(readFileSync(inRoot(file)))
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', text => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', text => (stderr += text))
  return new Promise(resolve => child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr })))
}

test('standard input is an image among others', async () => {
  const ended = assertDone(await predictFrom('one.png', '-', 'one.png', ...own, '--crops', '10', '--json'))
  const [fromInput, fromFile] = JSON.parse(ended.stdout) as Told[]
  assert.equal(fromInput!.image, '-')
  assert.deepEqual(fromInput!.top, fromFile!.top)
  assertRefused(await predictFrom('untrained.safetensors', '-', ...own), 1, /bad image -: the content is no JPEG/)
})

test('a pipe is an image that is read once, and can be explained all the same', {
  skip: process.platform === 'win32',
}, () => {
  const command = `"$0" "$1" predict <(cat one.png) ${own.join(' ')} --explain piped --json`
  const { stdout, stderr } = spawnSync('bash', ['-c', command, process.execPath, main], { cwd: root, encoding: 'utf8' })
  const [told] = JSON.parse(stdout) as { heatMap: string }[]
  assert.ok(existsSync(inRoot(told!.heatMap)), stderr)
})

test('a file whose name begins like a URL is that file', { skip: process.platform === 'win32' }, async () => {
  cpSync(inRoot('one.png'), inRoot('file:two.png'))
  const [told] = (await predictJson('file:two.png', ...own)) as Told[]
  assert.equal(told!.image, 'file:two.png')
})

test('Ctrl-C ends the waiting for an image on standard input', async () => {
  const child = spawn(process.execPath, [main, 'predict', '-', ...own], { cwd: root })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', text => (stderr += text))
  // More than a pipe holds, so that it is written once it is being read; then the pipe stays open.
  child.stdin.on('error', () => {}).write(Buffer.alloc(2 ** 22), () => child.kill('SIGINT'))
  assert.equal(await new Promise(resolve => child.on('close', resolve)), 130, stderr)
  assert.match(stderr, /^inception: interrupted; the same command starts again$/m)
})

test('features are written whole when nobody reads the labels any more', { skip: process.platform === 'win32' }, () => {
  const command = `"$0" "$1" predict photos ${own.join(' ')} --embed unread.npy | true; exit "\${PIPESTATUS[0]}"`
  const { status, stderr } = spawnSync('bash', ['-c', command, process.execPath, main], { cwd: root, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.match(stderr, /unread\.npy: 3 × \d+ features/)
  assert.equal(
    readFileSync(inRoot('unread.npy'))
      .toString('latin1')
      .match(/'shape': \((\d+),/)![1],
    '3',
  )
})

test('a full disk under standard output is told in one line', { skip: !existsSync('/dev/full') }, () => {
  const command = `"$0" "$1" predict photos ${own.join(' ')} --embed full.npy > /dev/full`
  const { status, stderr } = spawnSync('bash', ['-c', command, process.execPath, main], { cwd: root, encoding: 'utf8' })
  assertRefused({ code: status, signal: null, stdout: '', stderr }, 1, /cannot write standard output: the disk is full/)
  assert.deepEqual(
    readdirSync(root).filter(name => name.includes('full.npy')),
    [],
  )
})

test('features are written a row an image, in the order told', async () => {
  const args = ['photos', 'one.png', ...own, '--precision', 'f32', '--threads', '1', '--embed', 'features.npy']
  const told = (await predictJson(...args)) as (Told & { row: number })[]
  assert.deepEqual(
    told.map(({ row }) => row),
    [0, 1, 2, 3],
  )
  using classifier = openClassifier(checkpoint)
  const bytes = readFileSync(inRoot('features.npy'))
  const rows: Float32Array[] = []
  for (const { image } of told) rows.push((await predictOne(classifier, inRoot(image))).features)
  const numbers = Buffer.concat(rows.map(row => Buffer.from(row.buffer)))
  assert.deepEqual(bytes, Buffer.concat([npyHeader(4, rows[0]!.length), numbers]))
})

test('what speaks for a class is drawn, a picture an image, and none takes the place of another', async () => {
  mkdirSync(inRoot('twin'))
  cpSync(inRoot('one.png'), inRoot('twin/ONE.png'))
  const told = await predictJson(
    'one.png',
    'twin/ONE.png',
    ...own,
    '--explain',
    'heat',
    '--class',
    'tench, Tinca tinca',
  )
  assert.deepEqual(
    told.map(({ heatMap, explained }: Record<string, string>) => [heatMap, explained]),
    [path.join('heat', 'one-heat.png'), path.join('heat', 'ONE-heat-2.png')].map(file => [file, 'tench, Tinca tinca']),
  )
  const picture = await decodeFile(inRoot('heat/one-heat.png'))
  assert.deepEqual([picture.width, picture.height], [80, 80])
  assert.deepEqual(readdirSync(inRoot('heat')).sort(), ['ONE-heat-2.png', 'one-heat.png'])
  assertRefused(
    await predict('one.png', ...own, '--explain', 'heat', '--class', 'be'),
    2,
    /no class 'be': did you mean 'bee'\?/,
  )
})

test('a bad image stops the work and is named, or is left out and told', async () => {
  cpSync(inRoot('photos'), inRoot('worse'), { recursive: true })
  truncateSync(inRoot('worse/b.png'), 900)
  writeFileSync(inRoot('worse/x.jpg'), 'no image')
  const cut = path.join('worse', 'b.png')
  const stopped = await predict('worse', ...own)
  assert.equal(stopped.code, 1)
  assert.match(stopped.stderr, /^inception: bad image worse.b\.png: the image data is cut short .*--bad-images skip/m)
  const args = [...own, '--bad-images', 'skip', '--embed', 'worse.npy']
  const told = await predictJson('worse', ...args)
  assert.deepEqual(
    told.map(({ image, row, error }: Record<string, unknown>) => [image, row ?? error]),
    [
      [path.join('worse', 'a/c.png'), 0],
      [cut, 'the image data is cut short or damaged'],
      [path.join('worse', 'd.png'), 1],
      [path.join('worse', 'x.jpg'), 'the content is no JPEG, PNG or WebP image'],
    ],
  )
  const plain = assertDone(await predict('worse', ...args))
  assert.match(plain.stderr, /^inception: left out: worse.b\.png: the image data is cut short or damaged$/m)
  assert.ok(!plain.stdout.includes(cut))
  const none = await predict('worse/x.jpg', ...own, '--bad-images', 'skip', '--json')
  assert.equal(none.code, 1)
  assert.deepEqual(JSON.parse(none.stdout), [
    { image: path.normalize('worse/x.jpg'), error: 'the content is no JPEG, PNG or WebP image' },
  ])
})

test('what cannot be is refused in one line, before an image is read', async () => {
  const misused: [args: string[], message: RegExp][] = [
    [['one.png', ...own, '--crops', '12', '--resize', 'none'], /--resize none .* and --crops is 12/],
    [['one.png', ...own, '--crops', 'dense'], /unknown number of crops 'dense'/],
    [['one.png', ...own, '--class', 'bee'], /--class says which class to explain: give --explain/],
    [['one.png', ...own, '--top', '0'], /must be a whole number of at least 1/],
    [['one.png'], /--checkpoint/],
    [own, /missing required argument 'image'/],
    // What a shell makes of --embed photos/*.png.
    [
      [...own, '--embed', 'photos/b.png', 'photos/d.png'],
      /cannot write photos.b\.png: it is there, and is no \.npy file/,
    ],
    [['-', '-', ...own], /standard input \(-\) is one image/],
  ]
  const failed: [args: string[], message: RegExp][] = [
    [['nowhere.png', ...own], /there is no image nowhere\.png/],
    [['one.png', 'empty', ...own], /empty has no images/],
    [['*.jpg', ...own], /no image matches \*\.jpg/],
    [['untrained.safetensors', ...own], /bad image untrained\.safetensors: the content is no JPEG/],
    [['one.png', '--checkpoint', 'nowhere'], /cannot read nowhere: there is no such file/],
    [['one.png', '--checkpoint', 'empty'], /empty is a folder without checkpoints/],
    [['one.png', '--checkpoint', 'one.png'], /one\.png is not a valid safetensors file/],
    [['one.png', ...own, '--explain', 'one.png'], /cannot write one\.png/],
    [['one.png', ...own, '--embed', 'empty'], /cannot write empty: it is a folder/],
    [['one.png', ...own, '--embed', ''], /cannot write '': that names no file/],
    [['one.png', ...own, '--embed', 'n'.repeat(300)], /the name is too long/],
    [['one.png', ...own, '--embed', 'nowhere/x.npy'], /cannot write nowhere.x\.npy: there is no such/],
  ]
  await Promise.all([
    ...misused.map(async ([args, message]) => assertRefused(await predict(...args), 2, message)),
    ...failed.map(async ([args, message]) => assertRefused(await predict(...args), 1, message)),
  ])
  assert.equal(existsSync(inRoot('nowhere')), false)
})

test('Ctrl-C stops the work, and leaves no file of features', async () => {
  mkdirSync(inRoot('many'))
  for (let i = 0; i < 200; i++) cpSync(inRoot('one.png'), inRoot('many', `${i}.png`))
  const child = spawn(process.execPath, [main, 'predict', 'many', ...own, '--crops', '144', '--embed', 'many.npy'], {
    cwd: root,
    env: { ...process.env, OMP_NUM_THREADS: '1' },
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', text => (stderr += text))
  child.stdout.once('data', () => child.kill('SIGINT'))
  const code = await new Promise(resolve => child.on('close', resolve))
  assert.equal(code, 130, stderr)
  assert.match(stderr, /^inception: interrupted; the same command starts again$/m)
  assert.deepEqual(
    readdirSync(root).filter(name => name.includes('many.npy')),
    [],
  )
})

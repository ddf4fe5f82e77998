import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { sharedOnednn } from '../../src/backends/onednn/onednn.js'
import { decodeFile } from '../../src/data/decode.js'
import { type Label, pipeline } from '../../src/prediction/pipeline.js'
import { noise, pipeline as store } from '../data/picture.js'
import { writeUntrained } from '../evaluation/untrained.js'
import { temporaryFolder } from '../training/tiny-run.js'
import { openClassifier, predictOne } from './setting.js'

const root = temporaryFolder()
const checkpoint = writeUntrained(path.join(root, 'untrained.safetensors'), ['n01440764', 'bee', 'n02123045'])
const file = path.join(root, 'image.png')
await store(noise(1, 90, 80))
  .png()
  .toFile(file)
const options = { precision: 'f32', threads: 1, warn: () => {} } as const
const labels = ['tench, Tinca tinca', 'bee', 'tabby, tabby cat']

test('classification gives the best classes as people call them, best first', async () => {
  await using classify = await pipeline('image-classification', checkpoint, options)
  const best: Label[] = await classify(file)
  using classifier = openClassifier(checkpoint)
  const { probabilities } = await predictOne(classifier, file)
  const order = [0, 1, 2].sort((a, b) => probabilities[b]! - probabilities[a]!)
  assert.deepEqual(
    best.map(({ label }) => label),
    order.map(place => labels[place]),
  )
  for (const [i, { score }] of best.entries()) assert.ok(Math.abs(score - probabilities[order[i]!]!) < 1e-5)
  assert.deepEqual(await classify(file, { topK: 1 }), best.slice(0, 1))
  const several: Label[][] = await classify([file, file], { topK: 2 })
  assert.deepEqual(several, [best.slice(0, 2), best.slice(0, 2)])
  assert.deepEqual(await classify([]), [])
})

test('an image is a path, a URL of a file, the bytes of a file, or pixels', async () => {
  await using classify = await pipeline('image-classification', root, options)
  const inputs = [file, pathToFileURL(file), `${pathToFileURL(file)}`, readFileSync(file), await decodeFile(file)]
  const [first, ...others] = await Promise.all(inputs.map(input => classify(input)))
  for (const other of others) assert.deepEqual(other, first)
  // Eight of them are computed together.
  const together = await classify([...inputs, ...inputs])
  assert.equal(together.length, 10)
  for (const one of together) assert.equal(one[0]!.label, first![0]!.label)
})

test('feature extraction gives what the last layer classifies', async () => {
  await using extract = await pipeline('image-feature-extraction', checkpoint, options)
  using classifier = openClassifier(checkpoint, { tune: true })
  const { features } = await predictOne(classifier, file)
  assert.deepEqual(await extract(file), features)
  assert.deepEqual(await extract([file]), [features])
})

test('what is wrong is said in one line', async () => {
  await using classify = await pipeline('image-classification', checkpoint, options)
  const bad = path.join(root, 'bad.png')
  writeFileSync(bad, 'no image')
  const cases: [call: () => Promise<unknown>, message: RegExp][] = [
    [() => classify(bad), /^bad image .*bad\.png: the content is no JPEG, PNG or WebP image$/],
    [() => classify([readFileSync(file), readFileSync(bad)]), /^bad image number 2: the content is no/],
    [() => classify([...Array(9).fill(file), bad]), /^bad image .*bad\.png: the content is no/],
    [() => classify('https://example.org/cat.jpg'), /is not a file: nothing is downloaded, so fetch it/],
    [() => classify(new URL('https://example.org/cat.jpg')), /is not a file/],
    [() => classify({ width: 2, height: 2, rgb: new Uint8Array(4) }), /an image of 2×2 pixels has 4 bytes/],
    [() => classify(7 as never), /an image is a path, the bytes of a file, or/],
    [() => classify(undefined as never), /an image is a path/],
    [() => classify(file, { topK: 0 }), /topK 0: must be a whole number/],
    [() => pipeline('image-clasification' as never, checkpoint), /did you mean 'image-classification'/],
    [() => pipeline('image-classification', path.join(root, 'nowhere')), /cannot read .*nowhere/],
    [() => pipeline('image-classification', file), /image\.png is not a valid safetensors file/],
  ]
  for (const [call, message] of cases) await assert.rejects(call, { name: 'UserError', message })
  await assert.rejects(classify(file, { signal: AbortSignal.abort(new Error('enough')) }), { message: 'enough' })
})

test(
  'a pipeline that nobody holds gives its memory back, and does not keep the process from ending',
  'reason' in sharedOnednn() ? { skip: 'needs oneDNN' } : {},
  async () => {
    const url = (name: string) => JSON.stringify(new URL(`../../src/${name}`, import.meta.url).href)
    const program = `
      import { setTimeout } from 'node:timers/promises'
      import { sharedOnednn } from ${url('backends/onednn/onednn.js')}
      import { pipeline } from ${url('prediction/pipeline.js')}
      const [checkpoint, file] = process.argv.slice(1)
      const used = () => sharedOnednn().team.store.used
      const classify = async () => (await pipeline('image-classification', checkpoint, { warn() {} }))(file)
      const before = used()
      const kept = await pipeline('image-classification', checkpoint, { warn() {} })
      const one = used() - before
      for (let i = 0; i < 4; i++) console.log((await classify()).length)
      for (let i = 0; i < 100 && used() > before + one; i++) { gc(); await setTimeout(10) }
      console.log(used() - before === one, (await kept(file)).length)`
    const args = ['--expose-gc', '--input-type=module', '-e', program, checkpoint, file]
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: path.dirname(fileURLToPath(import.meta.url)),
    })
    assert.equal(stdout, `${'3\n'.repeat(4)}true 3\n`)
  },
)

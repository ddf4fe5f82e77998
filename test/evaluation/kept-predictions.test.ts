import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { type KeptPrediction, KeptPredictions } from '../../src/evaluation/kept-predictions.js'
import { temporaryFolder } from '../training/tiny-run.js'

const folder = temporaryFolder()
let files = 0
const fresh = () => path.join(folder, `${files++}.kept`)
const key = { weights: 'abc', crops: 'slim', precision: 'f32' }

const prediction = (image: number, classes: number): KeptPrediction => ({
  image,
  part: image % 3,
  views: image + 1,
  probabilities: Float32Array.from({ length: classes }, (_, i) => (i + 1) / (image + 2)),
})

/** What the file holds now. */
function contents(file: string, classes: number): KeptPrediction[] {
  const found: KeptPrediction[] = []
  using _ = new KeptPredictions(file, key, classes, kept => {
    found.push({ ...kept, probabilities: kept.probabilities.slice() })
  })
  return found
}

function write(file: string, predictions: readonly KeptPrediction[], classes: number) {
  using kept = new KeptPredictions(file, key, classes)
  for (const one of predictions) kept.append(one)
}

test('what was appended is there again, in order, and more can be appended', () => {
  const number = fc.float({ noNaN: true })
  const word = fc.nat(2 ** 32 - 1)
  const one = (classes: number) =>
    fc.record(
      {
        image: word,
        part: word,
        views: word,
        probabilities: fc.array(number, { minLength: classes, maxLength: classes }).map(all => Float32Array.from(all)),
      },
      { noNullPrototype: true },
    )
  const some = fc.integer({ min: 1, max: 40 }).chain(classes =>
    fc.record({
      classes: fc.constant(classes),
      first: fc.array(one(classes), { maxLength: 5 }),
      later: fc.array(one(classes), { maxLength: 5 }),
    }),
  )
  fc.assert(
    fc.property(some, ({ classes, first, later }) => {
      const file = fresh()
      write(file, first, classes)
      assert.deepEqual(contents(file, classes), first)
      write(file, later, classes)
      assert.deepEqual(contents(file, classes), [...first, ...later])
    }),
    { numRuns: 50 },
  )
})

test('a file cut at any byte holds what was whole, and goes on from there', () => {
  const file = fresh()
  const all = [0, 1, 2].map(image => prediction(image, 2))
  write(file, all, 2)
  const whole = readFileSync(file)
  const header = whole.indexOf(0x0a) + 1
  const record = (whole.length - header) / 3
  for (let length = 0; length <= whole.length; length++) {
    writeFileSync(file, whole.subarray(0, length))
    const left = Math.max(0, Math.floor((length - header) / record))
    assert.deepEqual(contents(file, 2), all.slice(0, left), `${length} bytes`)
    write(file, all.slice(left), 2)
    assert.deepEqual(readFileSync(file), whole, `${length} bytes`)
  }
})

test('a changed byte is noticed, and what follows it is cut off', () => {
  const file = fresh()
  const all = [0, 1, 2].map(image => prediction(image, 2))
  write(file, all, 2)
  const whole = readFileSync(file)
  const header = whole.indexOf(0x0a) + 1
  const record = (whole.length - header) / 3
  fc.assert(
    fc.property(fc.integer({ min: 0, max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Buffer.from(whole)
      changed[at]! ^= flip
      writeFileSync(file, changed)
      if (at < header)
        assert.throws(() => contents(file, 2), { name: 'UserError', message: /: give the name of another file/ })
      else assert.deepEqual(contents(file, 2), all.slice(0, Math.floor((at - header) / record)))
    }),
    { numRuns: 300 },
  )
})

test('any bytes at all are refused or read, and never taken for a prediction', () => {
  const file = fresh()
  write(file, [], 1)
  const header = readFileSync(file)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, headed) => {
      writeFileSync(file, headed ? Buffer.concat([header, bytes]) : bytes)
      // A file that ends within its header was cut there.
      const isCut = header.subarray(0, bytes.length).equals(bytes)
      if (headed || isCut) assert.deepEqual(contents(file, 1), [])
      else assert.throws(() => contents(file, 1), /holds no predictions kept by this program/)
      if (headed) assert.deepEqual(readFileSync(file), header)
    }),
    { numRuns: 300 },
  )
  writeFileSync(file, Buffer.alloc(100_000, 'x'))
  assert.throws(() => contents(file, 1), /holds no predictions kept by this program/)
})

test('a file of another key is refused, untouched, by the word that differs', () => {
  const file = fresh()
  write(file, [prediction(0, 2)], 2)
  const before = readFileSync(file)
  const open = (other: Record<string, string | number>, classes = 2) => new KeptPredictions(file, other, classes)
  const remedy = 'give the name of another file, or remove this one'
  for (const [other, classes, message] of [
    [{ ...key, crops: '144' }, 2, `another crops (slim, not 144): ${remedy}`],
    [{ ...key, batch: 3 }, 2, `another batch (none, not 3): ${remedy}`],
    [{ weights: 'abc', crops: 'slim' }, 2, `another precision (f32, not none): ${remedy}`],
    [key, 3, `another classes (2, not 3): ${remedy}`],
  ] as const)
    assert.throws(() => open(other, classes), {
      name: 'UserError',
      message: `${file} holds predictions with ${message}`,
    })
  assert.deepEqual(readFileSync(file), before)

  writeFileSync(file, before.toString('latin1').replace('"keptPredictions":1', '"keptPredictions":2'), 'latin1')
  assert.throws(() => contents(file, 2), /kept by another version of this program/)
  for (const line of ['null\n', '{}\n', '7\n', '[]\n', '{"keptPredictions":1,"key":7}\n', 'not JSON\n', '\n']) {
    writeFileSync(file, line)
    assert.throws(() => contents(file, 2), /holds no predictions kept by this program/, line)
  }
})

test('where no file can be, the error says so', () => {
  mkdirSync(path.join(folder, 'a folder'))
  assert.throws(() => contents(path.join(folder, 'a folder'), 2), { name: 'UserError', message: /not a regular file/ })
  const nowhere = path.join(folder, 'nowhere', 'kept')
  assert.throws(() => contents(nowhere, 2), {
    name: 'UserError',
    message: /cannot write .*: there is no such file or folder/,
  })
  assert.equal(existsSync(nowhere), false)
})

test('a file written beside another process is cut at the first gap', () => {
  const file = fresh()
  write(file, [prediction(0, 2)], 2)
  const { length } = readFileSync(file)
  truncateSync(file, length + 24)
  appendFileSync(file, readFileSync(file).subarray(length - 24, length))
  assert.deepEqual(contents(file, 2), [prediction(0, 2)])
})

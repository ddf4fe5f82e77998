import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { UserError } from '../../src/base/error.js'
import { RandomStream } from '../../src/base/random.js'
import { parseRandAugment, randAugment } from '../../src/data/rand-augment.js'
import { lcgBytes } from './picture.js'

const file = fileURLToPath(new URL('../../../test/data/fixtures/rand-augment.json', import.meta.url))
const policies = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, readonly string[]>>

const [width, height] = [21, 16]
const picture = () => ({ width, height, rgb: lcgBytes(7, width * height * 3) })
const digest = (rgb: Uint8Array) => createHash('sha256').update(rgb).digest('hex')

const draw = (policy: string, seed: number, filter: 'bilinear' | 'bicubic' | 'random' = 'random') =>
  digest(randAugment(picture(), parseRandAugment(policy), filter, new RandomStream(seed, policy)).rgb)

test('one operation makes what timm can make of a picture, all of it and nothing else', () => {
  assert.ok(Object.keys(policies).length === 6)
  for (const [policy, known] of Object.entries(policies)) {
    const made = new Set(Array.from({ length: 1200 }, (_, seed) => draw(policy, seed)))
    assert.deepEqual([...made].sort(), known, policy)
  }
})

test('operations are drawn evenly, and half of the operations are carried out', () => {
  // At magnitude 0 three fifteenths change the picture: contrast is spread, levels are made equally frequent or inverted.
  const plain = digest(picture().rgb)
  const share = (policy: string, draws: number) =>
    Array.from({ length: draws }, (_, seed) => draw(policy, seed)).filter(made => made !== plain).length / draws
  const known = policies['rand-m0-n1-p1-inc1']!
  assert.ok(known.includes(plain) && known.length === 4)
  assert.ok(Math.abs(share('rand-m0-n1-p1-inc1', 2000) - 3 / 15) < 0.035)
  assert.ok(Math.abs(share('rand-m0-n1-inc1', 2000) - 1.5 / 15) < 0.027)
  // Two by default, each left out with probability ½.
  assert.ok(Math.abs(share('rand-m0-inc1', 2000) - (1 - (1 - 1.5 / 15) ** 2)) < 0.035)
})

test('magnitudes vary with a deviation, and a filter that is chosen is not drawn', () => {
  const kinds = (policy: string, filter: 'random' | 'bilinear') =>
    new Set(Array.from({ length: 1000 }, (_, seed) => draw(policy, seed, filter))).size
  assert.ok(kinds('rand-m9-n1-p1-mstd0.5', 'random') > 300)
  assert.ok(kinds('rand-m9-n1-p1-mstd101', 'random') > 300)
  const bilinear = policies['rand-m9-n1-p1']!.length - 5 * 2
  assert.equal(kinds('rand-m9-n1-p1', 'bilinear'), bilinear)
})

test("timm's short form is read", () => {
  assert.deepEqual(parseRandAugment('rand-m9-mstd0.5'), {
    magnitude: 9,
    deviation: 0.5,
    limit: 10,
    layers: 2,
    probability: 0.5,
    increasing: false,
  })
  assert.deepEqual(parseRandAugment('rand-inc1-p0.75-n3-mmax20-mstd101-m15'), {
    magnitude: 15,
    deviation: Number.POSITIVE_INFINITY,
    limit: 20,
    layers: 3,
    probability: 0.75,
    increasing: true,
  })
  assert.equal(parseRandAugment('rand').magnitude, 10)
})

test('what is no policy is refused in one line that shows the form', () => {
  for (const [text, why] of [
    ['', /must begin with 'rand'/],
    ['augmix-m3', /must begin with 'rand'/],
    ['rand-', /'' is none of m, mstd/],
    ['rand-m', /'m' is none of/],
    ['rand-9', /'9' is none of/],
    ['rand-m9-m8', /'m' stands there twice/],
    ['rand-m9.5', /'m9.5' must have a whole number of at most 100/],
    ['rand-p2', /'p2' must have a number of at most 1/],
    ['rand-inc2', /whole number of at most 1/],
    ['rand-tweights', /other sets of operations are not known/],
    ['rand-constructor1', /none of/],
  ] as const)
    assert.throws(
      () => parseRandAugment(text),
      (error: UserError) => error.exitCode === 2 && why.test(error.message) && /write it like/.test(error.message),
      text,
    )
})

test('any text is a policy within bounds or a user error', () => {
  const section = fc.tuple(fc.constantFrom('m', 'mstd', 'mmax', 'n', 'p', 'inc', 't', 'x'), fc.string({ maxLength: 4 }))
  const near = fc.array(section.map(([name, value]) => name + value)).map(parts => ['rand', ...parts].join('-'))
  fc.assert(
    fc.property(fc.oneof(fc.string(), near), text => {
      try {
        const { magnitude, deviation, limit, layers, probability } = parseRandAugment(text)
        for (const value of [magnitude, deviation, layers, probability]) assert.ok(value >= 0)
        assert.ok(limit > 0 && layers <= 100 && probability <= 1)
      } catch (error) {
        assert.ok(error instanceof UserError && !error.message.includes('\n'))
      }
    }),
  )
})

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { UserError } from '../../src/base/error.js'
import { defaultSynthSettings } from '../../src/data/synth/settings.js'
import { checkPreset } from '../../src/study/presets/check-preset.js'
import { instability } from '../../src/study/presets/instability.js'
import type { Preset } from '../../src/study/presets/preset.js'
import { presetNamed, readPreset } from '../../src/study/presets/preset-file.js'
import { presets } from '../../src/study/presets/presets.js'
import { quick } from '../../src/study/presets/quick.js'
import { small } from '../../src/study/presets/small.js'
import { temporaryFolder } from '../training/tiny-run.js'

const folder = temporaryFolder()
const file = path.join(folder, 'mine.json')
const page = readFileSync(path.join(path.dirname(fileURLToPath(import.meta.url)), '../../../docs/presets.md'), 'utf8')
const examples = [...page.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(([, text]) => text!)

function readText(text: string): Preset {
  writeFileSync(file, text)
  return readPreset(file)
}

const read = (value: unknown): Preset => readText(JSON.stringify(value))

const refuses = (value: unknown, message: string) =>
  assert.throws(
    () => read(value),
    (error: unknown) => {
      assert.ok(error instanceof UserError, String(error))
      assert.equal(error.message, `${file}: ${message}`)
      assert.equal(error.exitCode, 2)
      return true
    },
  )

test('the built-in presets can be written as files', () => {
  const none = { synth: null, lanes: null, instability: null, footprint: null }
  for (const preset of Object.values(presets))
    assert.deepEqual(read({ ...none, ...preset, name: 'mine' }), { ...preset, name: 'mine' })
})

test('the examples of the page are read, and the page explains every key', () => {
  const [short, complete] = examples.map(readText)
  assert.deepEqual(short, {
    ...quick,
    name: 'patient',
    comparison: {
      ...quick.comparison,
      recipe: { ...quick.comparison.recipe, epochs: 20 },
      notes: without(quick.comparison.notes, 'epochs'),
    },
  })
  assert.equal(complete!.name, 'depth-and-scale')
  assert.equal(complete!.comparison.contestants.length, 3)
  assert.deepEqual(complete!.instability?.recipe, instability.recipe)
  const keys = new Set<string>()
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, member] of Object.entries(value)) {
      if (!Array.isArray(value) && key !== 'blocks') keys.add(key)
      if (key !== 'blocks') visit(member)
    }
  }
  visit(JSON.parse(examples[1]!))
  visit(Object.values(presets))
  const prose = page.replace(/^```json\n[\s\S]*?^```$/gm, '')
  for (const key of [...keys, 'blocks'])
    assert.ok(prose.includes(`\`${key}\``), `docs/presets.md does not explain ${key}`)
})

const without = (record: Readonly<Record<string, unknown>>, ...keys: readonly string[]) =>
  Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)))

test('what a file leaves out is the base preset’s, key by key', () => {
  assert.deepEqual(read({ name: 'mine' }), { ...quick, name: 'mine' })
  assert.deepEqual(read({ name: 'mine', from: 'small' }), { ...small, name: 'mine' })
  assert.deepEqual(read({ name: 'mine', synth: { train: 100 } }).synth, { ...quick.synth, train: 100 })
  assert.deepEqual(read({ name: 'mine', from: 'small', instability: { seeds: [7] } }).instability, {
    ...small.instability,
    seeds: [7],
  })
  assert.deepEqual(read({ name: 'mine', footprint: { steps: 9 } }).footprint, { ...quick.footprint, steps: 9 })
})

test('a part that the base has not begins from the standard one', () => {
  assert.deepEqual(read({ name: 'mine', instability: { seeds: [2] } }).instability, { ...instability, seeds: [2] })
  assert.deepEqual(read({ name: 'mine', from: 'paper', synth: { seed: 5 } }).synth, {
    ...defaultSynthSettings,
    seed: 5,
  })
})

test('null switches a part off', () => {
  const bare = read({ name: 'mine', from: 'small', synth: null, lanes: null, instability: null, footprint: null })
  assert.deepEqual(bare, { name: 'mine', comparison: small.comparison })
  assert.equal(read({ name: 'mine', from: 'paper', lanes: null }).lanes, undefined)
  refuses({ name: 'mine', comparison: null }, 'comparison: must be an object in braces, not null')
  refuses({ name: null }, 'name: must be a name of letters, digits, - and _, since a folder is named so, not null')
})

test('a note stays with the number that it explains', () => {
  const { recipe, notes } = quick.comparison
  const changed = read({
    name: 'mine',
    comparison: { recipe: { epochs: 3, normDecay: recipe.normDecay }, notes: { batch: 'why not' } },
  }).comparison
  assert.deepEqual(changed.recipe, { ...recipe, epochs: 3 })
  assert.deepEqual(changed.notes, { ...without(notes, 'epochs'), batch: 'why not' })
})

test('a model has the published size and width unless it says otherwise', () => {
  const contestants = [{ role: 'comparator', model: { network: 'bn-inception' } }]
  const { comparison } = read({ name: 'mine', comparison: { contestants, ensembles: [] } })
  assert.deepEqual(comparison.contestants[0]!.model, {
    network: 'bn-inception',
    size: 224,
    width: 1,
    normScale: true,
  })
})

test('what is no preset is refused with its place', () => {
  refuses([], 'must be an object in braces, not a list')
  refuses({}, 'name: is missing; it must be a name of letters, digits, - and _, since a folder is named so')
  refuses({ name: '../x' }, 'name: must be a name of letters, digits, - and _, since a folder is named so, not "../x"')
  refuses({ name: 'small' }, 'name: "small" is a built-in preset, which this one would pass for: give another name')
  refuses(
    { name: 'mine', from: 'smal' },
    "from: unknown preset 'smal': did you mean 'small'? There are: quick, small, paper",
  )
  refuses(
    { name: 'mine', form: 'small' },
    "unknown key 'form': did you mean 'from'? There are: from, name, synth, lanes, comparison, instability, footprint",
  )
  refuses(
    { name: 'mine', comparison: { recipe: { batch: -3 } } },
    'comparison.recipe.batch: must be a whole number of at least 1, not -3',
  )
  refuses(
    { name: 'mine', comparison: { seeds: [0, -1] } },
    'comparison.seeds[1]: must be a whole number of at least 0, not -1',
  )
  refuses({ name: 'mine', lanes: 0 }, 'lanes: must be a whole number of at least 1 and at most 1024, not 0')
  refuses(
    { name: 'mine', instability: { notes: { momentun: 'x' } } },
    `instability.notes: unknown key 'momentun': did you mean 'momentum'? There are: ${Object.keys(quick.comparison.recipe).join(', ')}`,
  )
  assert.throws(() => readText('{\n  "name": "mine",\n}'), /mine\.json: line 3, column 1: a key in double quotes/)
  assert.throws(() => readText(' '.repeat(2 ** 20 + 1)), /has 1\.00 MiB, and more than 1\.00 MiB are not read/)
})

test('a preset is named, or a file is', () => {
  assert.equal(presetNamed('small'), small)
  writeFileSync(file, '{"name": "mine"}')
  assert.equal(presetNamed(file).name, 'mine')
  for (const word of ['smal', 'toString', '__proto__'])
    assert.throws(
      () => presetNamed(word),
      (error: unknown) =>
        error instanceof UserError &&
        error.exitCode === 2 &&
        error.message.startsWith(`unknown preset '${word}'`) &&
        error.message.endsWith('or give a file of your own that ends in .json: see docs/presets.md'),
    )
  for (const missing of ['none.json', './small'])
    assert.throws(() => presetNamed(missing), /^UserError: cannot read .*: there is no such file or folder/)
})

/** Every place in a value, as the keys that lead there. */
const placesOf = (value: unknown): readonly (readonly string[])[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, member]) => [[key], ...placesOf(member).map(rest => [key, ...rest])])
    : []

type Change =
  | { readonly kind: 'put'; readonly value: unknown }
  | { readonly kind: 'remove' }
  | { readonly kind: 'repeat' }

function change(value: unknown, [key, ...rest]: readonly string[], how: Change): void {
  const parent = value as Record<string, unknown>
  if (rest.length > 0) change(parent[key!], rest, how)
  else if (how.kind === 'put') parent[key!] = how.value
  else if (how.kind === 'remove') Array.isArray(parent) ? parent.splice(Number(key), 1) : delete parent[key!]
  else if (Array.isArray(parent)) parent.push(parent[Number(key)])
  else parent[`${key}s`] = parent[key!]
}

test('however a preset is changed, it is read or refused in one line, and what is read is sound', () => {
  const whole: unknown = { ...small, from: 'quick', name: 'mine' }
  const places = placesOf(whole)
  const words = ['inception-v3', 'resnet-152', 'larger', 'comparator', '12', 'dense', 'last', 'sums', 'warm-up', '']
  const value = fc.oneof(
    fc.constantFrom(null, true, [], {}, -1, 0, 0.5, 1, 2, 30, 75, 1e9, 1e300, ...words),
    fc.jsonValue(),
    fc.string(),
  )
  const how: fc.Arbitrary<Change> = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), value }),
    fc.constantFrom<Change>({ kind: 'remove' }, { kind: 'repeat' }),
  )
  let refused = 0
  let accepted = 0
  fc.assert(
    fc.property(fc.constantFrom(...places), how, (place, each) => {
      const changed: unknown = structuredClone(whole)
      change(changed, place, each)
      try {
        const preset = read(changed)
        accepted++
        assert.deepEqual(checkPreset(preset, 'again'), preset)
      } catch (error) {
        refused++
        assert.ok(error instanceof UserError, `${place.join('.')}: ${error}`)
        assert.equal(error.exitCode, 2)
        assert.match(error.message, /^.*mine\.json: [^\n]{1,1000}$/)
      }
    }),
    { numRuns: 300 },
  )
  assert.ok(refused > 0 && accepted > 0, `${refused} refused, ${accepted} read`)
})

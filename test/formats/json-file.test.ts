import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import fc from 'fast-check'
import { UserError } from '../../src/base/error.js'
import { parseJson, readJsonFile } from '../../src/formats/json-file.js'

const folder = mkdtempSync(path.join(tmpdir(), 'inception-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const refusedWith = (message: string) => (error: unknown) => {
  assert.ok(error instanceof UserError, String(error))
  assert.equal(error.message, message)
  assert.equal(error.exitCode, 2)
  return true
}

/** What `JSON.parse` makes of a text; undefined where it refuses. */
function oracle(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

test('what JSON holds is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.integer({ min: 0, max: 4 }), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent)
      assert.deepEqual(parseJson(text, 'x'), JSON.parse(text))
    }),
  )
})

test('a damaged text is refused where JSON.parse refuses it, in one line with a place', () => {
  const noise = fc.constantFrom(...'{}[],:"\\ntfe0-+.1 \t\n\u0000\u00a0\ud800')
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.nat(),
      fc.nat({ max: 3 }),
      fc.string({ unit: noise, maxLength: 3 }),
      (value, at, cut, more) => {
        const whole = JSON.stringify(value, undefined, 1)
        const place = at % (whole.length + 1)
        const text = whole.slice(0, place) + more + whole.slice(place + cut)
        const expected = oracle(text)
        try {
          assert.deepEqual(parseJson(text, 'x'), expected)
        } catch (error) {
          if (!(error instanceof UserError)) throw error
          assert.match(error.message, /^x: line \d+, column [1-9]\d*: .+$/)
          assert.ok(expected === undefined || /is there twice$/.test(error.message), `${text}: ${error.message}`)
        }
      },
    ),
    { numRuns: 2000 },
  )
})

test('an error names line and column', () => {
  const cases: readonly (readonly [text: string, message: string])[] = [
    ['', 'line 1, column 1: a value was expected, not the end'],
    ['{\n  "a": 1,\n}', 'line 3, column 1: a key in double quotes was expected, not "}"'],
    ['[1 2]', "line 1, column 4: ',' or ']' was expected, not \"2\""],
    ['{"a" 1}', 'line 1, column 6: \':\' was expected, not "1"'],
    ['[1,]', 'line 1, column 4: a value was expected, not "]"'],
    ['{"a": 1}\n// more', 'line 2, column 1: the end was expected, not "/"'],
    ['["a\n"]', 'line 1, column 2: a string has no end on its line'],
    ['["\\x"]', 'line 1, column 2: a string holds a control character or an unknown escape'],
    ['[\n 01]', 'line 2, column 2: "01" is no value: strings stand in double quotes, numbers are like 1.5 or 1e-6'],
    ['{"a": 1,\n "a": 2}', 'line 2, column 2: the key "a" is there twice'],
    ['['.repeat(200_000), 'line 1, column 102: lists and objects are more than 100 deep'],
  ]
  for (const [text, message] of cases) assert.throws(() => parseJson(text, 'x'), refusedWith(`x: ${message}`))
})

test('no key of an object touches its prototype', () => {
  const value = parseJson('{"__proto__": {"a": 1}}', 'x') as Record<string, unknown>
  assert.deepEqual(Object.keys(value), ['__proto__'])
  assert.equal(value.a, undefined)
})

test('a file is read up to a size, as UTF-8 with or without a byte order mark', () => {
  const write = (name: string, bytes: Uint8Array | string) => {
    const file = path.join(folder, name)
    writeFileSync(file, bytes)
    return file
  }
  assert.deepEqual(readJsonFile(write('mark.json', '\ufeff{"ä": 1}'), 100), { ä: 1 })
  const long = write('long.json', `"${'x'.repeat(2000)}"`)
  assert.throws(
    () => readJsonFile(long, 1024),
    refusedWith(`${long} has 1.96 KiB, and more than 1.00 KiB are not read: check the path`),
  )
  const latin = write('latin.json', Uint8Array.of(0x22, 0xe4, 0x22))
  assert.throws(() => readJsonFile(latin, 100), refusedWith(`${latin} is no text in UTF-8: give a JSON file`))
  assert.throws(
    () => readJsonFile(path.join(folder, 'none.json'), 100),
    /cannot read .*none\.json: there is no such file/,
  )
  assert.throws(() => readJsonFile(folder, 100), /it is not a regular file/)
})

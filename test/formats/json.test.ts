import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { UserError } from '../../src/base/error.js'
import { decodeJsonObject, encodeJson } from '../../src/formats/json.js'

test('plain data reads back equal', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), value => {
      assert.deepEqual(decodeJsonObject(encodeJson(value, 'value'), 'x'), JSON.parse(JSON.stringify(value)))
    }),
  )
  assert.deepEqual(decodeJsonObject(encodeJson({ a: 1, b: undefined }, 'value'), 'x'), { a: 1 })
})

test('what JSON would silently change is refused with its place', () => {
  const refused: readonly (readonly [object, RegExp])[] = [
    [{ a: [0, { b: Number.NaN }] }, /: state\.a\[1\]\.b is NaN/],
    [{ a: Number.POSITIVE_INFINITY }, /state\.a is Infinity/],
    [{ a: new Date(0) }, /state\.a is not plain data/],
    [{ a: new Map() }, /not plain data/],
    [{ a: new Float32Array(1) }, /not plain data/],
    [{ a: [undefined] }, /state\.a\[0\] is not plain data/],
    [{ a: 1n }, /not plain data/],
    [{ a: () => 0 }, /not plain data/],
  ]
  for (const [value, message] of refused) assert.throws(() => encodeJson(value, 'state'), message)
})

test('text that is no JSON object is damage', () => {
  for (const text of ['', '{', '[]', 'null', '3', '{"a":1} x'])
    assert.throws(
      () => decodeJsonObject(text, 'run.json'),
      (error: unknown) => error instanceof UserError && error.message.startsWith('run.json is damaged'),
    )
})

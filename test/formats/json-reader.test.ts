import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { UserError } from '../../src/base/error.js'
import {
  choice,
  fields,
  JsonPlace,
  line,
  list,
  optional,
  partial,
  type Read,
  realNumber,
  record,
  truth,
  wholeNumber,
} from '../../src/formats/json-reader.js'

interface Dish {
  readonly name: string
  readonly size: number
  readonly hot?: boolean
  readonly parts?: readonly { readonly share: number }[]
  readonly counts?: Readonly<Record<string, number>>
}

const dish = fields<Dish>({
  name: choice('dish', ['soup', 'salad']),
  size: wholeNumber(1, 9),
  hot: optional(truth),
  parts: optional(list(fields({ share: realNumber({ above: 0, most: 1 }) }), 1)),
  counts: optional(record(wholeNumber(0))),
})

const read = <T>(reader: Read<T>, value: unknown): T => reader(new JsonPlace(value, 'menu.json'))

test('what fits is read, with its keys in the order of the form', () => {
  const value = { counts: { a: 1, 'b-2': 0 }, size: 2, parts: [{ share: 0.5 }], name: 'soup', hot: false }
  assert.deepEqual(read(dish, value), value)
  assert.deepEqual(Object.keys(read(dish, value)), ['name', 'size', 'hot', 'parts', 'counts'])
  assert.deepEqual(read(dish, { name: 'salad', size: 9, hot: undefined }), { name: 'salad', size: 9 })
  assert.deepEqual(read(fields(partial({ size: wholeNumber(1) })), {}), {})
})

test('what does not is refused with its place', () => {
  const cases: readonly (readonly [value: unknown, message: string])[] = [
    [undefined, 'menu.json: is missing; it must be an object in braces'],
    [null, 'menu.json: must be an object in braces, not null'],
    [[], 'menu.json: must be an object in braces, not a list'],
    [{ size: 1 }, 'menu.json: name: is missing; it must be one of "soup", "salad"'],
    [{ name: 1 }, 'menu.json: name: must be one of "soup", "salad", not 1'],
    [{ name: 'soop' }, "menu.json: name: unknown dish 'soop': did you mean 'soup'? There are: soup, salad"],
    [{ nam: 1 }, "menu.json: unknown key 'nam': did you mean 'name'? There are: name, size, hot, parts, counts"],
    [{ name: 'soup', size: 0 }, 'menu.json: size: must be a whole number of at least 1 and at most 9, not 0'],
    [{ name: 'soup', size: 10 }, 'menu.json: size: must be a whole number of at least 1 and at most 9, not 10'],
    [{ name: 'soup', size: 1.5 }, 'menu.json: size: must be a whole number of at least 1 and at most 9, not 1.5'],
    [{ name: 'soup', size: '1' }, 'menu.json: size: must be a whole number of at least 1 and at most 9, not "1"'],
    [{ name: 'soup', size: 1, hot: 'no' }, 'menu.json: hot: must be true or false, without quotes, not "no"'],
    [{ name: 'soup', size: 1, parts: {} }, 'menu.json: parts: must be a list in square brackets, not an object'],
    [{ name: 'soup', size: 1, parts: [] }, 'menu.json: parts: must have 1 or more items, and has 0'],
    [
      { name: 'soup', size: 1, parts: [{ share: 1 }, { share: 0 }] },
      'menu.json: parts[1].share: must be a number above 0 and of at most 1, not 0',
    ],
    [
      { name: 'soup', size: 1, parts: [{ share: Number.POSITIVE_INFINITY }] },
      'menu.json: parts[0].share: must be a number above 0 and of at most 1, not Infinity',
    ],
    [
      { name: 'soup', size: 1, counts: { 'a b': 1 } },
      'menu.json: counts: "a b" is no name: it must be of letters, digits, - and _',
    ],
    [
      { name: 'soup', size: 1, counts: { 'b-2': -1 } },
      'menu.json: counts["b-2"]: must be a whole number of at least 0, not -1',
    ],
  ]
  for (const [value, message] of cases)
    assert.throws(
      () => read(dish, value),
      (error: unknown) => {
        assert.ok(error instanceof UserError)
        assert.equal(error.message, message)
        assert.equal(error.exitCode, 2)
        return true
      },
    )
})

test('a key that every object inherits is not there', () => {
  const inherited = fields<{ readonly constructor: number }>({ constructor: wholeNumber(0) } as never)
  assert.throws(() => read(inherited, {}), /constructor: is missing/)
  assert.throws(() => read(dish, JSON.parse('{"__proto__": {"name": "soup", "size": 1}}')), /unknown key '__proto__'/)
})

test('text is one line of bounded length', () => {
  assert.equal(read(line(3), 'ä b'), 'ä b')
  for (const wrong of ['', 'a\nb', 'abcd', '\u0000', '\ud800', '\u2028', 3, null])
    assert.throws(() => read(line(3), wrong), UserError)
})

test('whatever stands there, it is read or refused in one short line', () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true }), fc.jsonValue(), (odd, plain) => {
      for (const value of [
        odd,
        { name: odd },
        { name: 'soup', size: 1, counts: plain },
        { name: 'soup', size: 1, parts: [plain] },
      ])
        try {
          read(dish, value)
        } catch (error) {
          assert.ok(error instanceof UserError, String(error))
          assert.match(error.message, /^menu\.json: [^\n]{1,400}$/)
        }
    }),
  )
})

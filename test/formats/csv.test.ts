import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { encodeCsv, parseCsv } from '../../src/formats/csv.js'

test('only what needs quotes has them', () => {
  const rows = [
    ['plain', 0.5, null],
    ['with, comma', 'a "word"', 'two\nlines'],
  ]
  const text = encodeCsv(['a', 'b', 'c'], rows)
  assert.equal(text, 'a,b,c\nplain,0.5,\n"with, comma","a ""word""","two\nlines"\n')
})

test('every text reads back equal by the rules of RFC 4180', () => {
  const cell = fc.oneof(fc.string(), fc.stringMatching(/^[",\r\n a]{0,6}$/))
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell, cell)), rows => {
      const text = encodeCsv(['x', 'y', 'z'], rows)
      assert.deepEqual(decode(text), [['x', 'y', 'z'], ...rows])
      assert.deepEqual(parsed(text), [['x', 'y', 'z'], ...rows])
    }),
  )
})

const parsed = (text: string) =>
  [...parseCsv(text, (line, reason) => assert.fail(`line ${line}: ${reason}`))].map(({ cells }) => [...cells])

test('rows are read with either line end, without the last one, and know their lines', () => {
  const text = 'a,b\r\n\r\n"x\ny",\r1,"2"\n,'
  const rows = [...parseCsv(text, () => assert.fail())]
  assert.deepEqual(rows, [
    { line: 1, cells: ['a', 'b'] },
    { line: 3, cells: ['x\ny', ''] },
    { line: 5, cells: ['1', '2'] },
    { line: 6, cells: ['', ''] },
  ])
  assert.deepEqual(parsed(''), [])
})

test('quotes that stand alone are told with their line, and any text has an end', () => {
  const faultIn = (text: string): string | undefined => {
    const fault = new Error()
    try {
      const fail = (line: number, reason: string): never => {
        fault.message = `${line}: ${reason}`
        throw fault
      }
      for (const _ of parseCsv(text, fail));
    } catch (error) {
      assert.equal(error, fault)
      return fault.message
    }
    return undefined
  }
  assert.equal(faultIn('a\n"b'), '2: a quote has no end, or text after it')
  assert.equal(faultIn('"a"b'), '1: a quote has no end, or text after it')
  assert.equal(faultIn('a\nb"c"'), '2: a quote within a cell')
  fc.assert(fc.property(fc.stringMatching(/^[",\r\n a]{0,12}$/), text => void faultIn(text)))
})

/** A reader of RFC 4180 with single newlines, letter by letter. */
function decode(text: string): string[][] {
  const rows: string[][] = [[]]
  let cell = ''
  let inQuotes = false
  for (let i = 0; i < text.length; i++) {
    const letter = text[i]!
    if (inQuotes && letter === '"' && text[i + 1] === '"') cell += text[++i]
    else if (letter === '"') inQuotes = !inQuotes
    else if (!inQuotes && (letter === ',' || letter === '\n')) {
      rows.at(-1)!.push(cell)
      cell = ''
      if (letter === '\n') rows.push([])
    } else cell += letter
  }
  assert.deepEqual([inQuotes, cell, rows.pop()], [false, '', []], 'a newline ends the last row')
  return rows
}

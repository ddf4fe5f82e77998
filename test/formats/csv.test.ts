import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { encodeCsv } from '../../src/formats/csv.js'

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
      assert.deepEqual(decode(encodeCsv(['x', 'y', 'z'], rows)), [['x', 'y', 'z'], ...rows])
    }),
  )
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

import assert from 'node:assert/strict'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { UserError } from '../../src/base/error.js'
import { linesOf, readLines } from '../../src/formats/text-lines.js'
import { temporaryFolder } from '../data/picture.js'

test('lines are numbered as in the file, whatever ends them; empty ones are passed over', () => {
  const word = fc.stringMatching(/^[a-z0-9/. ]{0,6}$/)
  fc.assert(
    fc.property(fc.array(fc.tuple(word, fc.constantFrom('\n', '\r\n', '\r'))), lines => {
      // A line that ends in \r before an empty one that ends in \n would be one line end.
      fc.pre(lines.every(([, end], i) => !(end === '\r' && lines[i + 1]?.[0] === '' && lines[i + 1]?.[1] === '\n')))
      const expected = lines
        .map(([text], i) => ({ number: i + 1, text: text.trim() }))
        .filter(({ text }) => text !== '')
      assert.deepEqual(linesOf(lines.map(([text, end]) => text + end).join('')), expected)
    }),
  )
})

test('a byte order mark is no part of the first line', async t => {
  const file = path.join(await temporaryFolder(t), 'list.txt')
  writeFileSync(file, '\uFEFFé.jpg\r\n\r\n b.jpg')
  assert.deepEqual(readLines(file), [
    { number: 1, text: 'é.jpg' },
    { number: 3, text: 'b.jpg' },
  ])
})

test('what is no list of lines is named', async t => {
  const folder = await temporaryFolder(t)
  const tells = (message: RegExp) => (error: unknown) =>
    error instanceof UserError && !error.message.includes('\n') && message.test(error.message)
  writeFileSync(path.join(folder, 'image.jpg'), Uint8Array.of(0xff, 0xd8, 0xff, 0xe0))
  writeFileSync(path.join(folder, 'large'), '')
  truncateSync(path.join(folder, 'large'), 300 * 2 ** 20)
  mkdirSync(path.join(folder, 'folder'))
  assert.throws(() => readLines(path.join(folder, 'image.jpg')), tells(/image\.jpg is no text in UTF-8/))
  assert.throws(() => readLines(path.join(folder, 'large')), tells(/large is no list: it has 300\.00 MiB/))
  assert.throws(() => readLines(path.join(folder, 'folder')), tells(/folder: it is not a regular file/))
  assert.throws(() => readLines(path.join(folder, 'none')), tells(/none: there is no such file/))
})

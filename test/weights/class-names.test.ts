import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { classRows } from '../../src/weights/class-names.js'

const folder = mkdtempSync(path.join(tmpdir(), 'classes-'))
after(() => rmSync(folder, { recursive: true }))

function lines(names: readonly string[]): string {
  const file = path.join(folder, 'classes.txt')
  writeFileSync(file, `${names.join('\n')}\n`)
  return file
}

const wnids = Array.from({ length: 1000 }, (_, i) => `n${String(i + 1440764).padStart(8, '0')}`)

test("without names, a thousand classes are ImageNet's and others are numbered; the first of 1001 rows is no class", () => {
  assert.deepEqual(classRows(3, undefined), { names: ['class_0000', 'class_0001', 'class_0002'], background: 0 })
  const { names, background } = classRows(1001, undefined)
  assert.deepEqual([names.length, names[0], names.at(-1), background], [1000, 'n01440764', 'n15075141', 1])
  assert.deepEqual(classRows(1000, undefined), { names, background: 0 })
})

test('with names, 1001 of them keep every row and 1000 drop the first', () => {
  assert.deepEqual(classRows(1001, lines(wnids)), { names: wnids, background: 1 })
  const all = ['background', ...wnids]
  assert.deepEqual(classRows(1001, lines(all)), { names: all, background: 0 })
  assert.deepEqual(classRows(2, lines(['dog', 'cat'])), { names: ['dog', 'cat'], background: 0 })
})

test('as many names as rows, each once, and ImageNet in the order of its WNIDs', () => {
  assert.throws(
    () => classRows(1000, lines(wnids.slice(1))),
    /classes\.txt names 999 classes, and the weights have 1000/,
  )
  assert.throws(() => classRows(3, lines(['a', 'b'])), /names 2 classes, and the weights have 3/)
  assert.throws(() => classRows(2, lines(['a', 'a'])), /line 2: 'a' stands in line 1 already/)
  assert.throws(() => classRows(1000, lines(wnids.toReversed())), /in the order of their WNIDs: sort the lines/)
  assert.throws(() => classRows(2, path.join(folder, 'nowhere.txt')), /cannot read .*nowhere\.txt/)
})

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Entry, readResults, slugOf, withRow, writeResults } from '../../bench/results.js'
import { type Comparison, type Row, reached, settled } from '../../bench/row.js'
import { rows } from '../../bench/rows.js'
import { withTables } from '../../bench/tables.js'

const machine = { processor: 'Intel(R) Xeon(R) Gold', cores: 2, memoryBytes: 2 ** 34, platform: 'Linux' }

const comparison: Comparison = {
  ...{ what: 'speed', against: 'a peer', unit: 'images/s' },
  ...{ ours: 12.34, theirs: 6.17, ratio: 2, spread: 1.1, target: { atLeast: 2 } },
}
const entry: Entry = {
  ...{ date: '2026-01-02T03:04:05.000Z', command: 'npm run bench', threads: 2, rounds: 3 },
  ...{ comparisons: [comparison], skipped: [{ what: 'another', why: 'not installed' }], versions: { Peer: '1.0' } },
}
const row = (id: string): Row => ({ id, table: 'Speed', title: `row ${id}`, measure: async () => entry })

test('rows have ids of their own', () => {
  assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length)
})

test('a target is a bound from below or above', () => {
  assert.equal(reached(comparison), true)
  assert.equal(reached({ ...comparison, ratio: 1.99 }), false)
  assert.equal(reached({ ...comparison, ratio: 0.6, target: { atMost: 0.65 } }), true)
  assert.equal(reached({ ...comparison, ratio: 0.7, target: { atMost: 0.65 } }), false)
  const { target, ...open } = comparison
  assert.equal(reached(open), undefined)
})

test('the file of a machine is named after processor and cores', () => {
  assert.equal(slugOf(machine), 'intel-xeon-gold-2-cores')
})

test('rows are merged into the file one by one', t => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'inception-results-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'results.json')
  writeResults(file, withRow(readResults(file, machine), machine, 'a', entry))
  writeResults(file, withRow(readResults(file, machine), machine, 'b', entry))
  const newer = { ...entry, rounds: 5 }
  writeResults(file, withRow(readResults(file, machine), machine, 'a', newer))
  assert.deepEqual(readResults(file, machine), { machine, rows: { a: newer, b: entry } })
})

test('tables take the place of what stood between the markers, and nothing else', () => {
  const page = 'before\n<!-- results -->\nstale\n<!-- end of results -->\nafter\n'
  const results = { machine, rows: { a: entry, gone: entry } }
  const made = withTables(page, [row('a'), row('b')], [results])
  assert.match(made, /^before\n<!-- results -->\n/)
  assert.match(made, /<!-- end of results -->\nafter\n$/)
  assert.doesNotMatch(made, /stale|row b|gone/)
  assert.match(made, /1 of 2 rows measured\. Of their 1 targets 1 are reached, 0 are not, 0 are open/)
  assert.match(
    made,
    /\| row a: speed \| a peer \| 12\.3 images\/s \| 6\.17 images\/s \| 2\.00 \| ≥ 2 \| \*\*yes\*\* \|/,
  )
  assert.match(made, /\| row a \| another \|.*skipped: not installed/)
  assert.equal(withTables(made, [row('a'), row('b')], [results]), made)
})

test('a time taken beside a busy neighbour, or in unsteady rounds, settles nothing', () => {
  const unsteady = { ...entry, neighbours: 0.5, comparisons: [{ ...comparison, spread: 2 }] }
  assert.equal(settled(entry), true)
  assert.equal(settled(unsteady), false)
  assert.equal(settled({ ...unsteady, comparisons: [{ ...comparison, unit: 'bytes' }] }), true)
  const page = '<!-- results --><!-- end of results -->'
  const made = withTables(page, [row('a')], [{ machine, rows: { a: unsteady } }])
  assert.match(made, /1 are open.*\| open: rounds differ 2\.0 times; others used up to 50\.0 % of the cores \|/s)
})

test('the page has the markers', () => {
  const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..')
  const page = readFileSync(path.join(root, 'bench/README.md'), 'utf8')
  assert.ok(page.indexOf('<!-- results -->') < page.indexOf('<!-- end of results -->'))
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { formatCount, formatDays, formatDuration } from '../../src/base/format.js'

test('long times are told in hours, and in days from the third on', () => {
  assert.deepEqual([48, 187, 7500].map(formatDuration), ['48 s', '3 min 07 s', '2 h 05 min'])
  assert.deepEqual([187, 2.9 * 86_400, 57.2 * 86_400].map(formatDays), ['3 min 07 s', '69 h 36 min', '57 days'])
})

test('counts have a comma before every three digits, and nowhere else', () => {
  const counts = [0, 7, 999.4, 999.5, 1000, 123_456, 55_843_464, -1234, -999, 2 ** 53]
  const written = [
    '0',
    '7',
    '999',
    '1,000',
    '1,000',
    '123,456',
    '55,843,464',
    '-1,234',
    '-999',
    '9,007,199,254,740,992',
  ]
  assert.deepEqual(counts.map(formatCount), written)
})

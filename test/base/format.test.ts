import assert from 'node:assert/strict'
import test from 'node:test'
import { formatDays, formatDuration } from '../../src/base/format.js'

test('long times are told in hours, and in days from the third on', () => {
  assert.deepEqual([48, 187, 7500].map(formatDuration), ['48 s', '3 min 07 s', '2 h 05 min'])
  assert.deepEqual([187, 2.9 * 86_400, 57.2 * 86_400].map(formatDays), ['3 min 07 s', '69 h 36 min', '57 days'])
})

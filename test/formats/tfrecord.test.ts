import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import fc from 'fast-check'
import { UserError } from '../../src/base/error.js'
import { crc32c, maskedCrc32c } from '../../src/formats/crc32c.js'
import { InputFile } from '../../src/formats/input-file.js'
import { frameRecord, readTfRecords, tfRecordExtents } from '../../src/formats/tfrecord.js'

const folder = mkdtempSync(path.join(tmpdir(), 'tfrecord-'))
after(() => rmSync(folder, { recursive: true }))
const file = path.join(folder, 'records')
const readAll = () => [...readTfRecords(file)].map(record => [...record.data])

test('CRC-32C gives the values of RFC 3720, appendix B.4', () => {
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa)
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43)
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e)
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c)
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
  assert.equal(crc32c(new Uint8Array()), 0)
})

test('masking rotates right by 15 and adds a constant', () => {
  const rotated = (0xe3069283n >> 15n) | ((0xe3069283n << 17n) & 0xffffffffn)
  assert.equal(BigInt(maskedCrc32c(Buffer.from('123456789'))), (rotated + 0xa282ead8n) & 0xffffffffn)
})

test('records survive the way to a file and back', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), records => {
      writeFileSync(file, Buffer.concat(records.map(frameRecord)))
      assert.deepEqual(
        readAll(),
        records.map(record => [...record]),
      )
    }),
    { numRuns: 60 },
  )
})

test('offsets name the frames', () => {
  writeFileSync(file, Buffer.concat([frameRecord(Buffer.from('abc')), frameRecord(Buffer.from('de'))]))
  assert.deepEqual(
    [...readTfRecords(file)].map(record => record.offset),
    [0, 19],
  )
})

test('every flipped bit and every cut but one between records is found, with its place', () => {
  const first = frameRecord(Buffer.from('first'))
  const whole = Buffer.concat([first, frameRecord(Buffer.from('second record'))])
  for (let at = 0; at < whole.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = Buffer.from(whole)
      flipped[at] = flipped[at]! ^ (1 << bit)
      writeFileSync(file, flipped)
      assert.throws(
        readAll,
        (error: unknown) =>
          error instanceof UserError && error.message.includes(`at byte ${at < first.length ? 0 : first.length} `),
      )
    }
    writeFileSync(file, whole.subarray(0, at))
    if (at === 0 || at === first.length) assert.equal(readAll().length, at === 0 ? 0 : 1)
    else assert.throws(readAll, /is cut short/)
  }
})

test('places of records are where their data lies; lengths are verified, and data is not read', () => {
  const records = ['', 'one', 'a longer one'].map(text => Buffer.from(text))
  const whole = Buffer.concat(records.map(frameRecord))
  writeFileSync(file, whole)
  const extents = () => {
    using input = new InputFile(file)
    return [...tfRecordExtents(input)]
  }
  assert.deepEqual(
    extents().map(({ begin, size }) => whole.subarray(begin, begin + size)),
    records,
  )
  whole[whole.length - 5] = 0
  writeFileSync(file, whole)
  assert.equal(extents().length, 3)
  whole[16] = 9
  writeFileSync(file, whole)
  assert.throws(extents, /the record at byte 16 has a length that fails its checksum/)
})

test('a length beyond the file is refused before memory is asked for', () => {
  const head = Buffer.alloc(20)
  head.writeBigUInt64LE(2n ** 63n)
  head.writeUInt32LE(maskedCrc32c(head.subarray(0, 8)), 8)
  writeFileSync(file, head)
  assert.throws(readAll, /at byte 0 is cut short/)
})

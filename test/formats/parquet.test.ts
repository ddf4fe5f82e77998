import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { ByteWriter } from 'hyparquet-writer'
import { deltaBinaryPack } from 'hyparquet-writer/src/delta.js'
import { writeRleBitPackedHybrid } from 'hyparquet-writer/src/encoding.js'
import { serializeTCompactProtocol } from 'hyparquet-writer/src/thrift.js'
import { readDeltas } from '../../src/formats/parquet/delta.js'
import { readHybrid } from '../../src/formats/parquet/hybrid.js'
import { thriftStructEnd } from '../../src/formats/parquet/thrift.js'

const fail = (reason: string): never => {
  throw new Error(reason)
}

test('numbers in runs and packs are those that another program wrote', () => {
  const runs = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 40 })), { maxLength: 12 })
  fc.assert(
    fc.property(runs, fc.integer({ min: 1, max: 24 }), (drawn, width) => {
      const numbers = drawn.flatMap(([value, count]) => Array<number>(count).fill(value % 2 ** width))
      const writer = new ByteWriter()
      writeRleBitPackedHybrid(writer, numbers, width)
      assert.deepEqual([...readHybrid(writer.getBytes(), width, numbers.length, fail)], numbers)
    }),
  )
})

test('numbers that are not there, and runs without an end, are refused', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 20 }),
      fc.integer({ min: 0, max: 40 }),
      fc.nat(100_000),
      (bytes, width, count) => {
        let found: Uint32Array | undefined
        try {
          found = readHybrid(bytes, width, count, fail)
        } catch {}
        if (found) assert.equal(found.length, count)
      },
    ),
  )
  assert.throws(() => readHybrid(Buffer.from('feffffff0f', 'hex'), 1, 9, fail), /cut short/)
  assert.throws(() => readHybrid(Buffer.from('8080808080808080', 'hex'), 1, 9, fail), /out of range/)
  // A run of two thousand million where nine are wanted.
  assert.deepEqual([...readHybrid(Buffer.from('feffffff0f01', 'hex'), 1, 9, fail)], Array(9).fill(1))
})

test('numbers by their differences are those that another program wrote, and end where they end', () => {
  const drawn = fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 400 })
  fc.assert(
    fc.property(drawn, fc.uint8Array(), (numbers, after) => {
      const writer = new ByteWriter()
      deltaBinaryPack(writer, numbers, 'INT32')
      const bytes = Buffer.from(writer.getBytes())
      const found = readDeltas(Buffer.concat([bytes, after]), numbers.length, fail)
      assert.deepEqual([[...found.numbers], found.end], [numbers, bytes.length])
    }),
  )
})

test('blocks that cannot be are refused, and not gone through backwards', () => {
  for (const hex of ['8001ffffffff0f0a0000', '808080800f04020000', '800100020000', '00040200', '80', ''])
    assert.throws(() => readDeltas(Buffer.from(hex, 'hex'), 9, fail), /blocks out of range/, hex)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(1000), (bytes, count) => {
      try {
        readDeltas(Buffer.concat([Buffer.from('800104', 'hex'), bytes]), count, fail)
      } catch (error) {
        assert.match(String(error), /cut short/)
      }
    }),
  )
})

test('a struct of Thrift is gone through to its end, and no further than its bytes', () => {
  const leaf = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))
  const list = fc.oneof(fc.array(fc.integer()), fc.array(fc.string()), fc.array(fc.boolean()))
  const { struct } = fc.letrec<{ struct: Record<string, unknown> }>(tie => {
    const value = fc.oneof({ depthSize: 'small' }, leaf, list, tie('struct'), fc.array(tie('struct'), { maxLength: 3 }))
    // Fields are written in the order of their numbers.
    return {
      struct: fc.record({ field_1: value, field_2: value, field_3: value, field_40: value }, { requiredKeys: [] }),
    }
  })
  fc.assert(
    fc.property(struct, fc.uint8Array(), (value, after) => {
      const writer = new ByteWriter()
      serializeTCompactProtocol(writer, value)
      const bytes = Buffer.from(writer.getBytes())
      assert.equal(thriftStructEnd(Buffer.concat([bytes, after]), 0), bytes.length)
      for (let cut = 0; cut < bytes.length; cut++) assert.equal(thriftStructEnd(bytes.subarray(0, cut), 0), undefined)
    }),
  )
})

for (const [what, hex] of [
  ['a number without an end', `15${'80'.repeat(40)}00`],
  ['a list longer than what is there', '19f5ffffffff0700'],
  ['lists in lists without an end', '1919'.repeat(500)],
  ['structs in structs without an end', '1c'.repeat(100_000)],
  ['a kind that Parquet has not', '1b0000'],
] as const)
  test(`${what} is no struct of Thrift`, () => {
    assert.equal(thriftStructEnd(Buffer.from(hex, 'hex'), 0), undefined)
  })

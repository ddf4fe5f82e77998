import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { WireMessage } from '../../src/formats/protobuf-writer.js'
import { fieldsOf } from './protobuf-fields.js'

const field = fc.integer({ min: 1, max: 2 ** 29 - 1 })
const content = fc.oneof(
  fc.record({ kind: fc.constant('int'), field, value: fc.maxSafeNat() }),
  fc.record({ kind: fc.constant('float'), field, value: fc.float() }),
  fc.record({ kind: fc.constant('double'), field, value: fc.double() }),
  fc.record({ kind: fc.constant('text'), field, value: fc.string({ unit: 'grapheme' }) }),
  fc.record({ kind: fc.constant('deferred'), field, value: fc.uint8Array({ maxLength: 300 }) }),
) as fc.Arbitrary<Content>

type Content =
  | { readonly kind: 'int' | 'float' | 'double'; readonly field: number; readonly value: number }
  | { readonly kind: 'text'; readonly field: number; readonly value: string }
  | { readonly kind: 'deferred'; readonly field: number; readonly value: Uint8Array }

function write(contents: readonly Content[]): WireMessage {
  const message = new WireMessage()
  for (const each of contents)
    if (each.kind === 'text') message.text(each.field, each.value)
    else if (each.kind === 'deferred') message.bytes(each.field, { length: each.value.length, bytes: () => each.value })
    else message[each.kind](each.field, each.value)
  return message
}

/** The bytes or number that a decoder finds. */
function wanted(each: Content): bigint | Buffer {
  if (each.kind === 'int') return BigInt(each.value)
  if (each.kind === 'text' || each.kind === 'deferred') return Buffer.from(each.value as string)
  const typed = each.kind === 'float' ? Float32Array.of(each.value) : Float64Array.of(each.value)
  return Buffer.from(typed.buffer)
}

test('a decoder of its own finds what was written, in a message within a message', () => {
  fc.assert(
    fc.property(fc.array(content), field, (contents, outer) => {
      const inner = write(contents)
      const whole = new WireMessage().message(outer, inner)
      const bytes = whole.encode()
      assert.equal(bytes.length, whole.length)
      const [only] = fieldsOf(bytes)
      assert.equal(only!.number, outer)
      const found = fieldsOf(only!.value as Buffer)
      assert.deepEqual(
        found,
        contents.map(each => ({ number: each.field, value: wanted(each) })),
      )
    }),
  )
})

test('bytes are made one after the other, and only when they are written', () => {
  const made: number[] = []
  const message = new WireMessage()
  for (const number of [1, 2, 3])
    message.bytes(number, {
      length: 4,
      bytes() {
        made.push(number)
        return new Uint8Array(4)
      },
    })
  const pieces = message.pieces()
  assert.deepEqual(made, [])
  pieces.next()
  pieces.next()
  assert.deepEqual(made, [1])
  assert.equal(
    [...pieces].reduce((sum, piece) => sum + piece.length, 0),
    message.length - 6,
  )
  assert.throws(() => new WireMessage().bytes(1, { length: 3, bytes: () => new Uint8Array(2) }).encode(), /2 bytes/)
})

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { UserError } from '../../src/base/error.js'
import { EventFile, encodeEvent } from '../../src/formats/event-file.js'
import { readTfRecords } from '../../src/formats/tfrecord.js'
import { bytesField, fieldsOf } from './protobuf-fields.js'

const folder = mkdtempSync(path.join(tmpdir(), 'events-'))
after(() => rmSync(folder, { recursive: true }))

test('scalars stand in the message under their field numbers', () => {
  const message = encodeEvent({ wallTime: 1700000000.25, step: 300, scalars: { 'a/loss': 0.5, é: Number.NaN } })
  assert.deepEqual(
    fieldsOf(message).map(field => field.number),
    [1, 2, 5],
  )
  assert.equal(bytesField(message, 1).readDoubleLE(), 1700000000.25)
  assert.equal(fieldsOf(message)[1]?.value, 300n)
  const values = fieldsOf(bytesField(message, 5)).map(({ number, value }) => {
    assert.equal(number, 1)
    assert.ok(typeof value !== 'bigint')
    return [bytesField(value, 1).toString(), bytesField(value, 2).readFloatLE()]
  })
  assert.deepEqual(values, [
    ['a/loss', 0.5],
    ['é', Number.NaN],
  ])
})

test('a message is, byte for byte, what protoc would give', () => {
  const message = encodeEvent({ wallTime: 1, step: 2, scalars: { x: 1.5 } })
  assert.equal(
    Buffer.from(message).toString('hex'),
    '09000000000000f03f1002' + '2a0a' + '0a08' + '0a0178' + '150000c03f',
  )
})

test('large steps are whole, impossible ones refused', () => {
  for (const step of [0, 127, 128, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER])
    assert.equal(fieldsOf(encodeEvent({ wallTime: 0, step }))[1]?.value, BigInt(step))
  for (const step of [-1, 0.5, 2 ** 53]) assert.throws(() => encodeEvent({ wallTime: 0, step }), RangeError)
})

test('a file begins with its version, and two made in the same second differ in name', () => {
  const one = new EventFile(folder, 1700000000.9)
  const two = new EventFile(folder, 1700000000.9)
  one.append({ wallTime: 1700000001, step: 7, sessionStart: true })
  one.close()
  two.close()
  const host = hostname().replace(/[^\w.-]/g, '_')
  const names = [0, 1].map(n => `events.out.tfevents.1700000000.${host}.${process.pid}.${n}`)
  assert.deepEqual(readdirSync(folder).sort(), names)
  const [version, start] = [...readTfRecords(one.path)].map(record => record.data)
  assert.equal(bytesField(version!, 3).toString(), 'brain.Event:2')
  assert.deepEqual(fieldsOf(bytesField(start!, 7)), [{ number: 1, value: 1n }])
  assert.throws(() => one.append({ wallTime: 0, step: 0 }), /is closed/)
  assert.throws(() => new EventFile(path.join(folder, 'missing'), 0), UserError)
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { DecodeJournal } from '../../src/data/decode-journal.js'

test('an image is in the journal for as long as the work on it lasts, also where it fails', async () => {
  const memory = new ArrayBuffer(DecodeJournal.bytes(3, 2))
  const [writer, reader] = [new DecodeJournal(memory, 2), new DecodeJournal(memory, 2)]
  const imagesAt = (worker: number) => reader.underWay(worker).map(({ image }) => image)
  let finish: (value: string) => void = () => {}
  const slow = writer.during(1, 0, () => new Promise<string>(resolve => void (finish = resolve)))
  await assert.rejects(
    writer.during(1, 7, async () => {
      assert.deepEqual(imagesAt(1), [0, 7])
      await assert.rejects(
        writer.during(1, 8, async () => {}),
        RangeError,
      )
      throw new Error('damaged')
    }),
    /damaged/,
  )
  assert.deepEqual([0, 1, 2].map(imagesAt), [[], [0], []])
  assert.ok(reader.underWay(1).every(({ seconds }) => seconds >= 0 && seconds < 60))
  finish('done')
  assert.equal(await slow, 'done')
  assert.deepEqual(imagesAt(1), [])
  void writer.during(2, 5, () => new Promise(() => {}))
  reader.clear(2)
  assert.deepEqual(imagesAt(2), [])
})

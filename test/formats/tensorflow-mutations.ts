import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { UserError } from '../../src/base/error.js'
import type { RandomStream } from '../../src/base/random.js'
import { openTensorflowCheckpoint } from '../../src/formats/tensorflow/checkpoint.js'
import { mutate } from './mutate.js'
import type { Outcomes } from './outcomes.js'
import {
  encodeTable,
  floatTensor,
  slicedItems,
  type TableItem,
  type TableStyle,
  type WrittenTensor,
  writeBundle,
} from './tensorflow-writer.js'

const values = Array.from({ length: 12 }, (_, i) => i)

const tensors = (encode: (values: readonly number[]) => Uint8Array): WrittenTensor[] => [
  ...['beta', 'moving_mean', 'weights'].map(name => ({
    name: `net/conv/${name}`,
    dataType: 1,
    shape: [3, 4],
    slices: [{ ranges: [undefined, undefined], data: encode(values) }],
  })),
  {
    name: 'parted',
    dataType: 1,
    shape: [4, 6],
    slices: [
      { ranges: [undefined, [0, 3]], data: encode(values) },
      { ranges: [undefined, [3, 3]], data: encode(values) },
    ],
  },
]

/**
 * Reads `rounds` damaged checkpoints of both kinds, with the names of their files starting with `prefix`. Most are damaged
 * below their checksums: in a record, or in a block before or after it is compressed. Whatever is read must have the bytes
 * that its shape says; everything else must be refused as the user's to mend.
 */
export function mutateTensorflow(prefix: string, rounds: number, random: RandomStream): Outcomes {
  const outcomes = { read: 0, refused: 0 }
  const bundle = `${prefix}-bundle`
  const sliced = slicedItems(tensors(floatTensor))
  const bundled = writeBundle(bundle, tensors(littleEndian), 1)
  const data = readFileSync(`${bundle}.data-00000-of-00001`)
  for (let round = 0; round < rounds; round++) {
    const one = round % 2 === 0
    const file = one ? `${prefix}.ckpt` : `${bundle}.index`
    writeFileSync(file, damagedTable(one ? sliced : bundled, random))
    if (!one) writeFileSync(`${bundle}.data-00000-of-00001`, round % 16 === 1 ? mutate(data, random) : data)
    try {
      using checkpoint = openTensorflowCheckpoint(file)
      for (const { name, shape } of checkpoint.tensors.values()) {
        const elements = shape.reduce((n, axis) => n * axis, 1)
        assert.equal(checkpoint.read(name).length % Math.max(elements, 1), 0)
      }
      outcomes.read++
    } catch (error) {
      assert.ok(error instanceof UserError, `round ${round}: ${error instanceof Error ? error.stack : error}`)
      assert.ok(error.message.includes(prefix) && !error.message.includes('\n'), error.message)
      outcomes.refused++
    }
  }
  return outcomes
}

const littleEndian = (numbers: readonly number[]) => new Uint8Array(Float32Array.from(numbers).buffer)

function damagedTable(items: readonly TableItem[], random: RandomStream): Buffer {
  const style: TableStyle = { snappy: random.integer(2) === 0, entriesPerBlock: 1 + random.integer(8) }
  const place = random.integer(4)
  if (place === 0) {
    const chosen = random.integer(items.length)
    return encodeTable(
      items.map((item, i) => (i === chosen ? [item[0], mutate(item[1], random)] : item)),
      style,
    )
  }
  if (place < 3) {
    let left = random.integer(5)
    const change = (block: Buffer) => (left-- === 0 ? mutate(block, random) : block)
    return encodeTable(items, { ...style, ...(place === 1 ? { alter: change } : { alterStored: change }) })
  }
  return mutate(encodeTable(items, style), random)
}

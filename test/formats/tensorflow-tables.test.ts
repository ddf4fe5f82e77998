import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { littleEndian, load, refuses, whole } from './tensorflow-samples.js'
import {
  bytesField,
  encodeBlock,
  encodeTable,
  floatTensor,
  footer,
  keyOf,
  numberField,
  type Range,
  restartPoints,
  sealBlock,
  shapeMessage,
  slicedItems,
  sliceMessage,
  type TableItem,
  varint,
  writeSliced,
} from './tensorflow-writer.js'

// Tables that TensorFlow would not write, most of them with checksums that are right.

const folder = mkdtempSync(path.join(tmpdir(), 'tensorflow-'))
after(() => rmSync(folder, { recursive: true }))
const place = (name: string) => path.join(folder, name)

/** A table whose only block of entries, and whose index, are what is given. */
function tableOf(block: Uint8Array, index: (handle: Buffer) => Uint8Array, handles?: Uint8Array): Buffer {
  const sealed = sealBlock(block, 0)
  const named = sealBlock(index(Buffer.concat([varint(0), varint(block.length)])), 0)
  const at = Buffer.concat([varint(0), varint(0), varint(sealed.length), varint(named.length - 5)])
  return Buffer.concat([sealed, named, footer(handles ?? at)])
}
const named = (handle: Buffer) => encodeBlock([['z', handle]])

const good = slicedItems([whole('a', [2], [1, 2])])
const list = (...tensors: readonly Uint8Array[]): TableItem[] => [
  ['', bytesField(1, Buffer.concat(tensors.map(tensor => bytesField(1, tensor))))],
]
const listed = (name: string, shape: Uint8Array, ...more: readonly Uint8Array[]) =>
  Buffer.concat([bytesField(1, name), bytesField(2, shape), numberField(3, 1), ...more])
const record = (name: string, ranges: readonly Range[], data: Uint8Array): TableItem => [
  keyOf(name, ranges),
  bytesField(2, Buffer.concat([bytesField(1, name), bytesField(2, sliceMessage(ranges)), bytesField(3, data)])),
]
const cut = (name: string, shape: readonly number[], ...parts: readonly (readonly Range[])[]): TableItem[] => [
  ...list(listed(name, shapeMessage(shape), ...parts.map(ranges => bytesField(4, sliceMessage(ranges))))),
  ...parts.map(ranges =>
    record(
      name,
      ranges,
      floatTensor(new Array(ranges.reduce((n, range, i) => n * (range?.[1] ?? shape[i]!), 1)).fill(1)),
    ),
  ),
]

const hostileTables: readonly (readonly [reason: RegExp, file: Uint8Array])[] = [
  [/no TensorFlow checkpoint/, Buffer.alloc(0)],
  [/no TensorFlow checkpoint/, Buffer.alloc(47)],
  [/no TensorFlow checkpoint/, Buffer.alloc(200)],
  [/no TensorFlow checkpoint.*unpack an archive/, Buffer.from('1f8b0800'.repeat(30), 'hex')],
  [/place of a block is damaged/, tableOf(encodeBlock(good), named, Buffer.alloc(40, 0xff))],
  [
    /block beyond its end/,
    tableOf(encodeBlock(good), named, Buffer.concat([varint(0), varint(0), varint(2 ** 40), varint(5)])),
  ],
  [
    /block beyond its end/,
    tableOf(encodeBlock(good), named, Buffer.concat([varint(0), varint(0), varint(0), varint(2n ** 64n - 1n)])),
  ],
  [
    /block beyond its end/,
    tableOf(encodeBlock(good), () => encodeBlock([['z', Buffer.concat([varint(2n ** 63n), varint(2n ** 63n)])]])),
  ],
  [
    /index has a damaged entry/,
    tableOf(encodeBlock(good), handle => encodeBlock([['z', Buffer.concat([handle, Buffer.of(0)])]])),
  ],
  [/place of a block is damaged/, tableOf(encodeBlock(good), () => encodeBlock([['z', Buffer.of(0x80)]]))],
  [
    /block twice or out of order/,
    tableOf(encodeBlock(good), handle =>
      encodeBlock([
        ['y', handle],
        ['z', handle],
      ]),
    ),
  ],
  [/index does not fit/, tableOf(encodeBlock(good), handle => encodeBlock([['\0', handle]]))],
  [/holds nothing/, tableOf(encodeBlock([]), named)],
  [/holds nothing/, tableOf(encodeBlock([]), () => encodeBlock([]))],
  [/block is too short/, tableOf(Buffer.alloc(3), named)],
  [/impossible number of restart points/, tableOf(restartPoints([]), named)],
  [/impossible number of restart points/, tableOf(Buffer.from('ffffffff', 'hex'), named)],
  [/impossible number of restart points/, tableOf(Buffer.from('00000040', 'hex'), named)],
  [/restart point that names no entry/, tableOf(restartPoints([0, 0]), named)],
  [/restart point that names no entry/, tableOf(restartPoints([4]), named)],
  [
    /restart point that names no entry/,
    tableOf(Buffer.concat([encodeBlock(good).subarray(0, -8), restartPoints([0, 1])]), named),
  ],
  [
    /restart point that names no entry/,
    tableOf(Buffer.concat([encodeBlock(good).subarray(0, -8), restartPoints([2 ** 31])]), named),
  ],
  [
    /entry that needs the one before/,
    tableOf(
      Buffer.concat([
        Buffer.of(0, 0, good[0]![1].length),
        good[0]![1],
        Buffer.of(1, 1, 0, 98),
        restartPoints([0, good[0]![1].length + 3]),
      ]),
      named,
    ),
  ],
  [/damaged entry/, tableOf(Buffer.concat([Buffer.alloc(12, 0xff), restartPoints([0])]), named)],
  [/entry beyond its end/, tableOf(Buffer.concat([Buffer.of(0, 100, 0, 97), restartPoints([0])]), named)],
  [/entry that needs the one before/, tableOf(Buffer.concat([Buffer.of(1, 1, 0, 97), restartPoints([0])]), named)],
  [
    /entry beyond its end/,
    tableOf(Buffer.concat([Buffer.of(0), varint(0xffffffff), Buffer.of(0), restartPoints([0])]), named),
  ],
  [/more than 4096 bytes/, encodeTable([...good, ['k'.repeat(5000), Buffer.alloc(0)]])],
  [/not in order, or one is there twice/, encodeTable([good[0]!, good[1]!, good[1]!])],
  [/not in order, or one is there twice/, encodeTable([good[0]!, good[1]!, good[1]!], { entriesPerBlock: 2 })],
  [/not in order, or one is there twice/, encodeTable([good[0]!, ['z', good[1]![1]], good[1]!])],
  [
    /far more bytes than the file/,
    tableOf(
      encodeBlock(
        [
          good[0]!,
          ...Array.from({ length: 200 }, (_, i): TableItem => ['k'.repeat(3000) + String(i + 100), good[1]![1]]),
        ],
        1000,
      ),
      named,
    ),
  ],
  [
    /compressed in an unknown way \(2\)/,
    Buffer.concat([sealBlock(Buffer.alloc(20), 2), footer(Buffer.of(0, 0, 0, 20))]),
  ],
  [/claims 4294967295/, Buffer.concat([sealBlock(Buffer.from('ffffffff0f', 'hex'), 1), footer(Buffer.of(0, 0, 0, 5))])],
  [/claims too many/, Buffer.concat([sealBlock(Buffer.alloc(12, 0xff), 1), footer(Buffer.of(0, 0, 0, 12))])],
  [
    /compressed block is damaged/,
    Buffer.concat([sealBlock(Buffer.from('0800610105', 'hex'), 1), footer(Buffer.of(0, 0, 0, 5))]),
  ],
  [
    /compressed block is damaged/,
    Buffer.concat([sealBlock(Buffer.from('0800610100', 'hex'), 1), footer(Buffer.of(0, 0, 0, 5))]),
  ],
  [
    /compressed block is damaged/,
    Buffer.concat([sealBlock(Buffer.from('08ec61', 'hex'), 1), footer(Buffer.of(0, 0, 0, 3))]),
  ],
  [
    /compressed block is cut short/,
    Buffer.concat([sealBlock(Buffer.from('080061f4', 'hex'), 1), footer(Buffer.of(0, 0, 0, 4))]),
  ],
  [
    /compressed block is cut short/,
    Buffer.concat([sealBlock(Buffer.from('080061', 'hex'), 1), footer(Buffer.of(0, 0, 0, 3))]),
  ],
  [/begin with a list of tensors/, encodeTable(good.slice(1))],
  [/begin with a list of tensors/, encodeTable([['', bytesField(2, '')]])],
  [/impossible field/, encodeTable([['', Buffer.of(0)]])],
  [/impossible field/, encodeTable([['', Buffer.alloc(11, 0xff)]])],
  [/ends within a field/, encodeTable([['', Buffer.of(10)]])],
  [/ends within a field/, encodeTable([['', Buffer.concat([Buffer.of(10), varint(2n ** 64n - 1n)])]])],
  [/ends within a field/, encodeTable([['', Buffer.of(13, 1, 2)]])],
  [/unknown wire type 3/, encodeTable([['', Buffer.of(11)]])],
  [/field 1 is not bytes/, encodeTable([['', numberField(1, 5)]])],
  [/field 1 of a message is there twice/, encodeTable([['', Buffer.concat([good[0]![1], good[0]![1]])]])],
  [/"a" is listed twice/, encodeTable(list(listed('a', shapeMessage([1])), listed('a', shapeMessage([2]))))],
  [/impossible shape/, encodeTable(list(listed('a', shapeMessage([2 ** 32, 2 ** 32]))))],
  [/out of range/, encodeTable(list(listed('a', bytesField(2, numberField(1, -1)))))],
  [/more than 254 axes/, encodeTable(list(listed('a', shapeMessage(new Array(255).fill(1)))))],
  [/has no shape/, encodeTable(list(listed('a', numberField(3, 1))))],
  [/UTF-8/, encodeTable(list(Buffer.from('0a01ff', 'hex')))],
  [/slices of tensor "a" are missing/, encodeTable(list(listed('a', shapeMessage([2]))))],
  [/"b" is not in the list/, encodeTable([...list(), record('b', [undefined], floatTensor([1]))])],
  [/record holds no slice/, encodeTable([...list(), ['b', Buffer.alloc(0)]])],
  [/slices of tensor "a" overlap/, encodeTable(cut('a', [4], [[0, 3]], [[2, 2]]))],
  [/slices of tensor "a" are missing/, encodeTable(cut('a', [4], [[0, 1]], [[2, 2]]))],
  [/empty slice/, encodeTable(cut('a', [4], [[0, 0]], [[0, 4]]))],
  [/lies outside its shape, 4/, encodeTable(cut('a', [4], [[2, 3]]))],
  [/lies outside its shape/, encodeTable(cut('a', [4], [[5, 0]]))],
  [
    /another number of axes/,
    encodeTable(
      cut(
        'a',
        [4],
        [
          [0, 4],
          [0, 1],
        ],
      ),
    ),
  ],
  [
    /not cut as the list of tensors says/,
    encodeTable([cut('a', [4], [[0, 2]], [[2, 2]])[0]!, ...cut('a', [4], [undefined]).slice(1)]),
  ],
  [
    /slice of tensor "a" is cut short/,
    encodeTable([list(listed('a', shapeMessage([1000])))[0]!, record('a', [undefined], floatTensor([1]))]),
  ],
]

test('hostile tables are refused with the file and the reason', () => {
  const file = place('hostile.ckpt')
  for (const [i, [reason, bytes]] of hostileTables.entries()) {
    writeFileSync(file, bytes)
    refuses(() => assert.fail(`case ${i} was read: ${[...load(file).keys()]}`), file, reason)
  }
})

test('slices that hold another number of elements than they say are refused when they are read', () => {
  const file = place('short.ckpt')
  const cases: readonly (readonly [RegExp, Uint8Array])[] = [
    [/slice of 2 elements has 1/, bytesField(5, littleEndian([1]))],
    [/too many elements/, bytesField(5, littleEndian([1, 2, 3]))],
    [/not elements of 4 bytes/, bytesField(5, Buffer.alloc(7))],
    [/not elements of 4 bytes/, numberField(5, 7)],
    [/slice of 8 bytes has 9/, bytesField(4, Buffer.alloc(9))],
    [/slice of 8 bytes has 8/, Buffer.concat([bytesField(5, littleEndian([1])), bytesField(4, Buffer.alloc(8))])],
    [/slice of 2 elements has 0/, bytesField(6, Buffer.alloc(16))],
  ]
  for (const [reason, data] of cases) {
    writeSliced(file, [{ ...whole('v', [2], []), slices: [{ ranges: [undefined], data }] }])
    refuses(() => load(file), file, reason)
  }
})

test('a decompressed block may not be far larger than the file', () => {
  const bomb = Buffer.concat([varint(2 ** 21), Buffer.of(0, 97), Buffer.alloc(98_304, Buffer.of((63 << 2) | 2, 1, 0))])
  const file = place('bomb.ckpt')
  writeFileSync(
    file,
    Buffer.concat([sealBlock(bomb, 1), footer(Buffer.concat([Buffer.of(0, 0, 0), varint(bomb.length)]))]),
  )
  refuses(() => load(file), file, /claims 2097152/)
})

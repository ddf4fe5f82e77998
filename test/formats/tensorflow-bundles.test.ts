import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { maskedCrc32c } from '../../src/formats/crc32c.js'
import { bundled, littleEndian, load, refuses } from './tensorflow-samples.js'
import {
  encodeTable,
  entryMessage,
  headerMessage,
  keyOf,
  numberField,
  type TableItem,
  writeBundle,
} from './tensorflow-writer.js'

const folder = mkdtempSync(path.join(tmpdir(), 'tensorflow-'))
after(() => rmSync(folder, { recursive: true }))
const place = (name: string) => path.join(folder, name)

test('hostile bundles are refused with the file and the reason', () => {
  const prefix = place('bundle')
  const index = `${prefix}.index`
  const data = littleEndian([1, 2, 3, 4])
  const entry = { dataType: 1, shape: [4], length: 16, checksum: maskedCrc32c(data) }
  const sliced = { dataType: 1, shape: [4], slices: [[[0, 2]], [[2, 2]]] } as const
  const cases: readonly (readonly [RegExp, TableItem[]])[] = [
    [/begin with a header/, [['a', entryMessage(entry)]]],
    [/big-endian/, [['', headerMessage(1, 1)]]],
    [/format 2, which cannot be read/, [['', headerMessage(1, 0, 2)]]],
    [
      /data file 1 of 1/,
      [
        ['', headerMessage(1)],
        ['a', entryMessage({ ...entry, shard: 1 })],
      ],
    ],
    [
      /no such file/,
      [
        ['', headerMessage(2)],
        ['a', entryMessage(entry)],
      ],
    ],
    [
      /no such file/,
      [
        ['', headerMessage(10 ** 9)],
        ['a', entryMessage({ ...entry, shard: 10 ** 9 - 1 })],
      ],
    ],
    [
      /has 16 bytes and its index names 17/,
      [
        ['', headerMessage(1)],
        ['a', entryMessage({ ...entry, offset: 1 })],
      ],
    ],
    [
      /cut short/,
      [
        ['', headerMessage(1)],
        ['a', entryMessage({ ...entry, offset: Number.MAX_SAFE_INTEGER })],
      ],
    ],
    [
      /out of range/,
      [
        ['', headerMessage(1)],
        ['a', numberField(5, 2n ** 64n - 16n)],
      ],
    ],
    [
      /share bytes/,
      [
        ['', headerMessage(1)],
        ['a', entryMessage(entry)],
        ['b', entryMessage(entry)],
      ],
    ],
    [
      /16 bytes, which is not what its shape, 5, needs/,
      [
        ['', headerMessage(1)],
        ['a', entryMessage({ ...entry, shape: [5] })],
      ],
    ],
    [
      /impossible shape/,
      [
        ['', headerMessage(1)],
        ['a', entryMessage({ ...entry, shape: [2 ** 52, 2 ** 52] })],
      ],
    ],
    [
      /UTF-8/,
      [
        ['', headerMessage(1)],
        [Buffer.of(0xff), entryMessage(entry)],
      ],
    ],
    [
      /a slice of tensor "a" is missing/,
      [
        ['', headerMessage(1)],
        ['a', entryMessage(sliced)],
      ],
    ],
    [
      /another type or shape/,
      [
        ['', headerMessage(1)],
        [keyOf('a', [[0, 2]]), entryMessage({ ...entry, shape: [3], length: 12 })],
        [keyOf('a', [[2, 2]]), entryMessage({ ...entry, shape: [2], length: 8, offset: 8 })],
        ['a', entryMessage(sliced)],
      ],
    ],
    [
      /tensor "a" fails its checksum/,
      [
        ['', headerMessage(1)],
        ['a', entryMessage({ ...entry, checksum: 1 })],
      ],
    ],
  ]
  writeFileSync(`${prefix}.data-00000-of-00001`, data)
  for (const [reason, items] of cases) {
    writeFileSync(index, encodeTable(items))
    refuses(() => load(prefix), prefix, reason)
  }
})

test('a bundle whose data is cut short or changed is refused', () => {
  const prefix = place('damaged')
  writeBundle(prefix, bundled, 2)
  const shard = `${prefix}.data-00000-of-00002`
  const bytes = readFileSync(shard)
  writeFileSync(shard, Buffer.from(bytes).fill(9, 2, 3))
  refuses(() => load(prefix), shard, /fails its checksum/)
  truncateSync(shard, 3)
  refuses(() => load(prefix), shard, /cut short/)
  rmSync(shard)
  refuses(() => load(prefix), shard, /no such file/)
})

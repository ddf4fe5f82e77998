import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { NpyFile, npyHeader } from '../../src/formats/npy.js'
import { temporaryFolder } from '../training/tiny-run.js'

const root = temporaryFolder()

function write(file: string, rows: readonly (readonly number[])[]): Buffer {
  using npy = new NpyFile(file)
  for (const row of rows) npy.append(Float32Array.from(row))
  npy.commit()
  return readFileSync(file)
}

test('the header is that of format version 1.0, and is as long whatever the number of rows', () => {
  for (const rows of [0, 1, 999, Number.MAX_SAFE_INTEGER]) {
    const header = Buffer.from(npyHeader(rows, 1536))
    assert.deepEqual([...header.subarray(0, 8)], [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0])
    assert.equal(header.readUInt16LE(8), header.length - 10)
    assert.equal(header.length % 64, 0)
    assert.equal(header.length, npyHeader(0, 1536).length)
    const text = header.toString('latin1', 10)
    assert.equal(text.trimEnd(), `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, 1536), }`)
    assert.ok(text.endsWith('\n'))
  }
})

test('rows follow in little-endian f32, and the file appears when it is whole', () => {
  const file = path.join(root, 'rows.npy')
  {
    using npy = new NpyFile(file)
    npy.append(Float32Array.of(1, 2))
    assert.throws(() => npy.append(Float32Array.of(1)), /a row of 1 numbers among rows of 2/)
    assert.equal(existsSync(file), false)
  }
  assert.deepEqual(readdirSync(root), [], 'one that is not committed leaves nothing')
  const bytes = write(file, [
    [1, -2.5],
    [0.1, Number.POSITIVE_INFINITY],
  ])
  const start = npyHeader(2, 2).length
  assert.deepEqual(bytes.subarray(0, start), Buffer.from(npyHeader(2, 2)))
  assert.equal(bytes.length, start + 16)
  const numbers = [0, 4, 8, 12].map(at => bytes.readFloatLE(start + at))
  assert.deepEqual(numbers, [1, -2.5, Math.fround(0.1), Number.POSITIVE_INFINITY])
})

const python = ['python3', '/usr/bin/python3'].find(name => spawnSync(name, ['-c', 'import numpy']).status === 0)

test('NumPy reads it', python ? {} : { skip: 'python3 has no numpy' }, () => {
  const file = path.join(root, 'read.npy')
  write(file, [
    [1, 2, 3],
    [4, 5, 0.1],
  ])
  const program = `import numpy, sys; a = numpy.load(sys.argv[1]); print(a.dtype, a.shape, a.tolist())`
  const load = () => spawnSync(python!, ['-c', program, file], { encoding: 'utf8' })
  const { stdout, stderr } = load()
  assert.equal(stdout, 'float32 (2, 3) [[1.0, 2.0, 3.0], [4.0, 5.0, 0.10000000149011612]]\n', stderr)
  write(file, [])
  assert.match(load().stdout, /^float32 \(0, 0\) \[\]/)
})

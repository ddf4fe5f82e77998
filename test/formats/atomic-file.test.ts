import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { UserError } from '../../src/base/error.js'
import { type Output, removeLeftovers, systemCalls, writeAtomically } from '../../src/formats/atomic-file.js'
import { failingCalls } from './failing-calls.js'

const folder = mkdtempSync(path.join(tmpdir(), 'atomic-'))
after(() => rmSync(folder, { recursive: true }))
const file = path.join(folder, 'file')

const fill = (out: Output) => {
  out.append(Buffer.from('____ contents'))
  out.append(Buffer.from(' and more'))
  out.patch(0, Buffer.from('new!'))
}
const fresh = 'new! contents and more'

test('a file is written whole, over the old one or anew', () => {
  writeAtomically(file, fill)
  assert.equal(readFileSync(file, 'utf8'), fresh)
  writeAtomically(file, out => out.append(Buffer.from('x')))
  assert.equal(readFileSync(file, 'utf8'), 'x')
  assert.deepEqual(readdirSync(folder), ['file'])
})

test('whichever call fails, the old file or the new one is there whole and nothing else', () => {
  const total = failingCalls(0)
  writeAtomically(file, fill, total)
  assert.ok(total.count >= 10)
  for (const code of ['ENOSPC', 'EIO', 'EDQUOT'])
    for (let k = 1; k <= total.count; k++) {
      writeFileSync(file, 'old contents')
      const calls = failingCalls(k, code)
      assert.throws(
        () => writeAtomically(file, fill, calls),
        (error: unknown) => error instanceof UserError && error.message.includes(file) && error.message.includes(code),
        `call ${k}`,
      )
      assert.equal(readFileSync(file, 'utf8'), calls.renamed ? fresh : 'old contents')
      assert.deepEqual(readdirSync(folder), ['file'])
    }
})

test('a process that dies at any call leaves the old file or the new one, and leftovers that can be removed', () => {
  const total = failingCalls(0)
  writeAtomically(file, fill, total)
  for (let k = 1; k <= total.count; k++) {
    writeFileSync(file, 'old contents')
    const calls = failingCalls(k, 'EIO', true)
    assert.throws(() => writeAtomically(file, fill, calls))
    assert.equal(readFileSync(file, 'utf8'), calls.renamed ? fresh : 'old contents')
    removeLeftovers(folder)
    assert.deepEqual(readdirSync(folder), ['file'])
  }
})

test('the messages say what to do', () => {
  const failWith = (code: string) => () => writeAtomically(file, fill, failingCalls(2, code))
  assert.throws(failWith('ENOSPC'), /cannot write .*file: the disk is full; free some space/)
  assert.throws(failWith('EACCES'), /permission denied; check who owns/)
  assert.throws(failWith('EIO'), /input\/output error; check the disk/)
  assert.throws(failWith('EWHATEVER'), /the operating system refused \(EWHATEVER\)/)
  assert.throws(() => writeAtomically(path.join(folder, 'no', 'where'), fill), /no such file or folder/)
  mkdirSync(path.join(folder, 'sub'))
  assert.throws(() => writeAtomically(path.join(folder, 'sub'), fill), UserError)
})

test('what is no file keeps its name, and nothing is written first', { skip: process.platform === 'win32' }, () => {
  const device = path.join(folder, 'pipe')
  execFileSync('mkfifo', [device])
  const unasked = () => assert.fail('written')
  for (const [name, message] of [
    [device, /pipe: it is a device or a pipe; give a file/],
    [path.join(folder, 'sub'), /sub: it is a folder, not a file/],
    [`${folder}/new/`, /new\/': that names no file/],
    ['', /'': that names no file/],
    [path.join(folder, 'n'.repeat(300)), /the name is too long/],
  ] as const)
    assert.throws(() => writeAtomically(name, unasked), { name: 'UserError', message })
  assert.ok(statSync(device).isFIFO())
  rmSync(device)
})

test('a process that exits in the middle leaves nothing', () => {
  const module = new URL('../../src/formats/atomic-file.js', import.meta.url).href
  const program = `
    import { AtomicFile } from '${module}'
    const [first, second, third] = process.argv.slice(1).map(name => new AtomicFile(name))
    for (const file of [first, second]) file.write(out => out.append(Buffer.from('x')))
    third[Symbol.dispose]()
    first.place()
    process.exit(3)`
  const names = ['exit-1', 'exit-2', 'exit-3'].map(name => path.join(folder, name))
  const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', program, ...names])
  assert.equal(status, 3)
  assert.deepEqual(
    readdirSync(folder).filter(name => name.includes('exit')),
    ['exit-1'],
  )
})

test('what the filling function throws passes through, and the old file stays', () => {
  writeFileSync(file, 'old contents')
  const defect = new TypeError('a defect')
  assert.throws(
    () =>
      writeAtomically(file, out => {
        out.append(Buffer.from('half'))
        throw defect
      }),
    (error: unknown) => error === defect,
  )
  assert.equal(readFileSync(file, 'utf8'), 'old contents')
})

test('short writes are continued, and a file system that cannot sync a folder is no error', () => {
  const calls = {
    ...systemCalls,
    write: (fd: number, bytes: Uint8Array, offset: number, length: number, position: number) =>
      systemCalls.write(fd, bytes, offset, Math.min(3, length), position),
    open: (name: string, flags: 'wx' | 'r') => {
      if (flags === 'r') throw Object.assign(new Error('refused'), { code: 'EINVAL', syscall: 'open' })
      return systemCalls.open(name, flags)
    },
  }
  writeAtomically(file, fill, calls)
  assert.equal(readFileSync(file, 'utf8'), fresh)
})

test('bytes that are not there yet cannot be patched', () => {
  assert.throws(() => writeAtomically(file, out => out.patch(0, Buffer.from('x'))), RangeError)
})

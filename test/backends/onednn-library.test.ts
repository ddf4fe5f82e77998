import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { findLibrary, isSupported } from '../../src/backends/onednn/library.js'

const refusal = (cause: RegExp) => ({
  name: 'UserError',
  message: new RegExp(`^INCEPTION_ONEDNN names no usable oneDNN: ${cause.source}.*; name a file .* or unset it$`),
})

test('a named library that is not there is an error that names it', () => {
  assert.throws(
    () => findLibrary('/nowhere/libdnnl.so'),
    refusal(/the dynamic linker cannot load \/nowhere\/libdnnl.so/),
  )
})

test('a named file that is no library is an error', context => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'onednn-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'libdnnl.so')
  writeFileSync(file, 'text')
  assert.throws(() => findLibrary(file), refusal(/the dynamic linker cannot load .*libdnnl\.so/))
})

test('a named library of something else is an error', { skip: os.platform() !== 'linux' }, () => {
  assert.throws(() => findLibrary('libm.so.6'), refusal(/libm.so.6 is not oneDNN: it has no dnnl_version/))
})

test('versions from 2.6 up to 3 are supported', () => {
  const versions = [
    [1, 9],
    [2, 5],
    [2, 6],
    [2, 7],
    [3, 0],
    [3, 12],
    [4, 0],
  ] as const
  assert.deepEqual(
    versions.map(([major, minor]) => isSupported(major, minor)),
    [false, false, true, true, true, true, false],
  )
})

test('without a name, the reason tells every candidate that was tried', () => {
  const found = findLibrary(undefined)
  if ('reason' in found) assert.match(found.reason, /libdnnl|not looked for/)
  else assert.ok(isSupported(...(found.version.split('.').map(Number) as [number, number])))
})

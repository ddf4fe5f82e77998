import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import fc from 'fast-check'
import { UserError } from '../../src/base/error.js'
import { InputFile } from '../../src/formats/input-file.js'
import { readTar } from '../../src/formats/tar.js'

const folder = mkdtempSync(path.join(tmpdir(), 'tar-'))
after(() => rmSync(folder, { recursive: true }))
const archive = path.join(folder, 'archive.tar')

/** Names and contents, as an archive's reader finds them. */
function contents(file = archive): [name: string, text: string][] {
  using input = new InputFile(file)
  return [...readTar(input)].map(({ name, begin, size }) => [name, Buffer.from(input.read(begin, size)).toString()])
}

function pack(form: string, files: readonly (readonly [name: string, text: string])[]): void {
  const source = mkdtempSync(path.join(folder, 'source-'))
  for (const [name, text] of files) {
    mkdirSync(path.dirname(path.join(source, name)), { recursive: true })
    writeFileSync(path.join(source, name), text)
  }
  execFileSync('tar', ['-cf', archive, `--format=${form}`, '-C', source, ...files.map(([name]) => name)])
}

const long = `${'deep/'.repeat(30)}${'n'.repeat(120)}.txt`
const plain: [string, string][] = [
  ['a.txt', 'one'],
  ['folder/b c.txt', ''],
  ['ü/日本.txt', 'x'.repeat(512)],
  ['z.txt', 'y'.repeat(1025)],
]

for (const form of ['v7', 'ustar', 'gnu', 'pax'])
  test(`files of a ${form} archive`, () => {
    pack(form, plain)
    assert.deepEqual(contents(), plain)
  })

for (const form of ['gnu', 'pax'])
  test(`names over a hundred bytes in a ${form} archive`, () => {
    const files: [string, string][] = [...plain, [long, 'deep'], ['after.txt', 'short again']]
    pack(form, files)
    assert.deepEqual(contents(), files)
  })

test('a name divided into prefix and rest, as ustar does with long paths', () => {
  const name = `${'p'.repeat(90)}/${'q'.repeat(60)}.txt`
  pack('ustar', [[name, 'text']])
  assert.deepEqual(contents(), [[name, 'text']])
})

test('folders and links are passed over', () => {
  const source = mkdtempSync(path.join(folder, 'links-'))
  mkdirSync(path.join(source, 'sub'))
  writeFileSync(path.join(source, 'sub', 'file'), 'text')
  symlinkSync('file', path.join(source, 'sub', 'link'))
  execFileSync('tar', ['-cf', archive, '-C', source, 'sub'])
  assert.deepEqual(contents(), [['sub/file', 'text']])
})

test('an archive in an archive is read where it lies', () => {
  pack('ustar', plain)
  const outer = path.join(folder, 'outer.tar')
  execFileSync('tar', ['-cf', outer, '-C', folder, 'archive.tar'])
  using input = new InputFile(outer)
  const [inner] = [...readTar(input)]
  assert.equal(inner?.name, 'archive.tar')
  const names = [...readTar(input, inner)].map(({ name, begin, size }) => [
    name,
    Buffer.from(input.read(begin, size)).toString(),
  ])
  assert.deepEqual(names, plain)
})

/** One header block, its checksum right. */
function header(fields: { readonly name: string; readonly size: string; readonly type?: string }): Buffer {
  const block = Buffer.alloc(512)
  block.write(fields.name, 0)
  block.write(fields.size, 124, 'latin1')
  block.write(fields.type ?? '0', 156)
  block.write('ustar\x0000', 257, 'latin1')
  const sum = block.reduce((total, byte) => total + byte, 8 * 0x20)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

test("GNU's binary size counts, and one beyond the file is an error", () => {
  const size = `\x80${'\0'.repeat(10)}\x03`
  writeFileSync(
    archive,
    Buffer.concat([header({ name: 'a', size }), Buffer.from('abc'.padEnd(512, '\0')), Buffer.alloc(1024)]),
  )
  assert.deepEqual(contents(), [['a', 'abc']])
  writeFileSync(archive, Buffer.concat([header({ name: 'a', size: `\x80${'\xff'.repeat(11)}` }), Buffer.alloc(1024)]))
  assert.throws(() => contents(), /archive\.tar is damaged: the member at byte 0 has a size that is out of range/)
})

test('an archive without its end has its members, one cut short is an error that says where', () => {
  pack('ustar', plain.slice(0, 1))
  const whole = Buffer.from(execFileSync('cat', [archive]))
  writeFileSync(archive, whole.subarray(0, 1024))
  assert.deepEqual(contents(), plain.slice(0, 1))
  writeFileSync(archive, whole.subarray(0, 515))
  assert.deepEqual(contents(), plain.slice(0, 1), 'only padding is missing')
  for (const cut of [514, 512, 300, 1]) {
    writeFileSync(archive, whole.subarray(0, cut))
    assert.throws(
      () => contents(),
      (error: Error) => error instanceof UserError && /at byte 0 is cut short/.test(error.message),
    )
  }
})

test('a compressed archive says what to do', () => {
  pack('ustar', plain)
  execFileSync('gzip', ['-kf', archive])
  assert.throws(() => contents(`${archive}.gz`), /compressed \(gzip\).*unpack it first/)
})

test('damaged archives are read, or refused in one line', () => {
  pack('pax', [...plain, [long, 'deep']])
  const whole = Buffer.from(execFileSync('cat', [archive]))
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat(whole.length)),
      (changes, cut) => {
        const damaged = Buffer.from(whole)
        for (const [at, byte] of changes) damaged[at] = byte
        writeFileSync(archive, damaged.subarray(0, cut ?? undefined))
        try {
          contents()
        } catch (error) {
          assert.ok(error instanceof UserError, String(error))
          assert.doesNotMatch(error.message, /\n/)
        }
      },
    ),
    { numRuns: 500 },
  )
})

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { UserError } from '../../src/base/error.js'
import { InputFile } from '../../src/formats/input-file.js'
import { readTar } from '../../src/formats/tar.js'
import { streamTar } from '../../src/formats/tar-stream.js'
import { tarOf } from '../data/sources/writers.js'

const folder = mkdtempSync(path.join(tmpdir(), 'tar-stream-'))
after(() => rmSync(folder, { recursive: true }))
const file = path.join(folder, 'archive.tar')

const roomy = { mostBytes: 2 ** 30, mostMemberBytes: 2 ** 20 }

async function streamed(limits = roomy): Promise<[string, Buffer][]> {
  const found: [string, Buffer][] = []
  for await (const { name, bytes } of streamTar(file, limits)) found.push([name, Buffer.from(bytes)])
  return found
}

function readAnywhere(): [string, Buffer][] {
  using input = new InputFile(file)
  return [...readTar(input)].map(({ name, begin, size }) => [name, Buffer.from(input.read(begin, size))])
}

const outcome = async (read: () => unknown) => {
  try {
    return await read()
  } catch (error) {
    assert.ok(error instanceof UserError, String(error))
    return 'refused'
  }
}

test('a stream gives what places do, of whole archives and of damaged ones, packed or not', async () => {
  const name = fc.stringMatching(/^[a-z]{1,8}(\/[a-z]{1,8}){0,2}$/)
  const members = fc.array(fc.tuple(name, fc.uint8Array({ maxLength: 1500 })), { minLength: 1, maxLength: 4 })
  const damage = fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { maxLength: 2 })
  await fc.assert(
    fc.asyncProperty(members, damage, fc.option(fc.nat(4000)), async (files, changes, cut) => {
      const bytes = tarOf(files)
      for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte
      const cutBytes = bytes.subarray(0, cut ?? undefined)
      writeFileSync(file, cutBytes)
      const expected = await outcome(readAnywhere)
      assert.deepEqual(await outcome(streamed), expected)
      writeFileSync(file, gzipSync(cutBytes))
      assert.deepEqual(await outcome(streamed), expected)
    }),
    { numRuns: 100 },
  )
})

test('an archive that unpacks to more than is allowed is refused before it is held', async () => {
  writeFileSync(file, gzipSync(tarOf([['zeros', Buffer.alloc(2 ** 22)]])))
  assert.ok(readFileSync(file).length < 2 ** 14)
  await assert.rejects(streamed(), /archive\.tar has a member of 4\.00 MiB, too much for what it should hold: get it/)
  await assert.rejects(
    streamed({ mostBytes: 2 ** 20, mostMemberBytes: 2 ** 30 }),
    /archive\.tar unpacks to more than 1\.00 MiB/,
  )
  const open = () => readdirSync('/proc/self/fd').length
  const before = open()
  for (let i = 0; i < 5; i++) await assert.rejects(streamed())
  assert.ok(open() <= before, 'files stay open')
})

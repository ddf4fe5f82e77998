import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { SharedMemory } from '../../src/base/shared-memory.js'
import { temporaryFolder } from '../data/picture.js'

test('processes count together in one memory, and none is left when it is closed', async t => {
  const openBefore = readdirSync('/proc/self/fd').length
  const memory = SharedMemory.reserve(64)
  const words = new Int32Array(memory.buffer)
  assert.ok(words.every(word => word === 0))
  const program = path.join(await temporaryFolder(t), 'program.mjs')
  await writeFile(
    program,
    `import { SharedMemory } from ${JSON.stringify(new URL('../../src/base/shared-memory.js', import.meta.url).href)}
    const words = new Int32Array(SharedMemory.open(4, 64).buffer)
    for (let i = 0; i < 20000; i++) Atomics.add(words, 3, 1)
    Atomics.store(words, 4, Atomics.compareExchange(words, 5, 7, 8))`,
  )
  words[5] = 7
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc', memory.file!] as const
  const processes = [0, 1].map(() => fork(pathToFileURL(program), { stdio: [...stdio] }))
  memory.close()
  assert.equal(memory.file, undefined)
  for (let i = 0; i < 20_000; i++) Atomics.add(words, 3, 1)
  for (const [code] of await Promise.all(processes.map(process => once(process, 'exit')))) assert.equal(code, 0)
  assert.equal(words[3], 60_000)
  assert.equal(words[5], 8)
  assert.ok(readdirSync('/proc/self/fd').length <= openBefore)
})

test('a copy holds what it was made of, nothing is nothing, and too much is refused', () => {
  const bytes = Uint8Array.of(1, 2, 3)
  const copy = SharedMemory.of(bytes.buffer)
  bytes[0] = 9
  assert.deepEqual([...new Uint8Array(copy.buffer)], [1, 2, 3])
  const empty = SharedMemory.reserve(0)
  assert.deepEqual([empty.buffer.byteLength, empty.file], [0, undefined])
  const openBefore = readdirSync('/proc/self/fd').length
  assert.throws(() => SharedMemory.reserve(2 ** 52), /cannot be mapped|file too large|invalid/i)
  assert.equal(readdirSync('/proc/self/fd').length, openBefore)
})

test('memory that nobody holds is given back', async () => {
  const [count, bytes] = [48, 2 ** 24]
  const before = process.memoryUsage().rss
  let most = 0
  for (let i = 0; i < count; i++) {
    new Uint8Array(SharedMemory.reserve(bytes).buffer).fill(1)
    await new Promise(resolve => setImmediate(resolve))
    most = Math.max(most, process.memoryUsage().rss - before)
  }
  assert.ok(most < (count * bytes) / 2, `${most} bytes resident`)
})

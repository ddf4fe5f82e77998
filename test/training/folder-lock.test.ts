import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test, { beforeEach } from 'node:test'
import { fileURLToPath } from 'node:url'
import { FolderLock } from '../../src/training/folder-lock.js'
import { nameOf, thisProcess } from '../../src/training/lock-holder.js'
import { elsewhere, noElsewhere } from './elsewhere.js'
import { temporaryFolder } from './tiny-run.js'

const root = temporaryFolder()
let folder = ''
let turn = 0
beforeEach(() => {
  folder = path.join(root, `${turn++}`)
  mkdirSync(folder)
})

const skip = noElsewhere
const beatSeconds = 0.05
const leaseSeconds = 0.5
const times = { beatSeconds, leaseSeconds }
const script = fileURLToPath(new URL('hold-folder.js', import.meta.url))
const locks = () => readdirSync(folder).filter(name => name.startsWith('.lock'))

/** A process that takes the folder, on a machine with this name. */
class Taker {
  readonly #child: ChildProcess
  readonly ended: Promise<unknown>
  said = ''

  constructor(host: string | undefined, { busy = 0, lease = leaseSeconds } = {}) {
    const command = [process.execPath, script, folder, `${beatSeconds}`, `${lease}`, `${busy}`]
    const [program, ...args] = host === undefined ? command : [...elsewhere(host), ...command]
    this.#child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.said += text
    })
    this.ended = once(this.#child, 'close')
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Until it has said something; or has ended. */
  async says(what: RegExp): Promise<this> {
    while (!what.test(this.said) && this.#child.exitCode === null)
      await Promise.race([once(this.#child.stdout!, 'data'), this.ended])
    assert.match(this.said, what)
    return this
  }

  /** To the process itself where it is elsewhere, which is the child of the one that was started. */
  send(signal: NodeJS.Signals): void {
    process.kill(Number(readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8')), signal)
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }

  async close(): Promise<void> {
    this.#child.stdin!.end()
    await this.ended
  }
}

test('a living process of this machine keeps the folder, however busy it is, and a dead one does not', async () => {
  const holder = await new Taker(undefined).says(/holds/)
  await assert.rejects(FolderLock.take(folder), new RegExp(`in use: process ${holder.pid} is training in it`))
  await holder.kill()
  assert.equal(locks().length, 1)
  const tell = (message: string) => assert.fail(message)
  using _ = await FolderLock.take(folder, { tell })
  assert.deepEqual(locks(), [nameOf(thisProcess())])
})

test('a lock of an earlier process with a number that is in use again is taken over', async () => {
  for (const pid of [process.pid, process.ppid])
    writeFileSync(path.join(folder, nameOf({ ...thisProcess(), pid, start: '1' })), '')
  const taken = FolderLock.take(folder)
  if (existsSync('/proc/self/stat')) (await taken).close()
  else await assert.rejects(taken)
})

test('a process of another machine keeps the folder while it lives, though its thread is held up', {
  skip,
}, async () => {
  const holder = await new Taker('node-3', { busy: 700 }).says(/holds/)
  await assert.rejects(
    FolderLock.take(folder, { beatSeconds: 0.1, leaseSeconds: 60 }),
    /in use: process 1 on node-3 is training in it/,
  )
  await holder.close()
  assert.deepEqual(locks(), [])
})

test('the folder of a process that died on another machine is taken over after the lease', { skip }, async () => {
  const holder = await new Taker('node-3').says(/holds/)
  await holder.kill()
  assert.equal(locks().length, 1)
  const told: string[] = []
  const begin = performance.now()
  using _ = await FolderLock.take(folder, { ...times, tell: message => void told.push(message) })
  assert.ok(performance.now() - begin > 1000 * leaseSeconds - 2)
  assert.equal(told.length, 1)
  assert.match(told[0]!, /locked by process 1 on node-3: if nothing is seen of it for 0\.5 s, .* goes on here/)
  assert.deepEqual(locks(), [nameOf(thisProcess())])
})

test('waiting for another machine can be stopped', async () => {
  writeFileSync(path.join(folder, '.lock-1-2-01234567-node-3'), '7')
  const stop = new AbortController()
  const tell = () => stop.abort()
  await assert.rejects(FolderLock.take(folder, { tell, signal: stop.signal }), { name: 'AbortError' })
  assert.deepEqual(locks(), ['.lock-1-2-01234567-node-3'])
})

test('a process that was stopped for longer than its lease finds that the folder is taken over', { skip }, async () => {
  const holder = await new Taker('node-3').says(/holds/)
  holder.send('SIGSTOP')
  using lock = await FolderLock.take(folder, times)
  holder.send('SIGCONT')
  await holder.ended
  assert.match(holder.said, new RegExp(`was taken over by process ${process.pid} on .*: .* writes nothing more there`))
  lock.expectHeld()
  assert.deepEqual(locks(), [nameOf(thisProcess())])
})

test('of processes that come at once to the folder of a dead one, on several machines, one takes it', {
  skip,
}, async () => {
  writeFileSync(path.join(folder, '.lock-1-2-01234567-node-3'), '7')
  // A lease that the one which takes it can keep up, however many other tests there are to do.
  const takers = ['node-4', 'node-5', 'node-6', 'node-7'].map(host => new Taker(host, { lease: 2 }))
  await Promise.all(takers.map(taker => taker.says(/holds|in use/)))
  const [holder, ...more] = takers.filter(({ said }) => said.includes('holds'))
  assert.ok(holder)
  assert.deepEqual(more, [])
  assert.equal(locks().length, 1)
  await holder.close()
  assert.deepEqual(locks(), [])
})

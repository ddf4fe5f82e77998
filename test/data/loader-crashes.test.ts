import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import test from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../src/base/error.js'
import { digest, evaluate, makeSet, options, takeAll, using } from './loader-runs.js'
import { withPreloaded, writePoison } from './poison.js'

const skip = { badImages: 'skip', workers: 2, cacheBytes: 0 } as const

test('an image that crashes or halts the decoder is bad, and the rest has the bits that it has beside a bad image', async t => {
  const set = await makeSet(t)
  const expected = await using(await makeSet(t, [5]), skip, loader => takeAll(loader.steps(0, 6)))
  for (const [poison, reason] of [
    ['crash', 'it crashes the decoder (SIGSEGV)'],
    ['hang', 'decoding it takes more than 0.5 s'],
  ] as const)
    await withPreloaded(await writePoison(t, 'b/1.jpg', poison), () =>
      using(set, { ...skip, secondsAnImage: 0.5 }, async loader => {
        assert.equal(digest(await takeAll(loader.steps(0, 6))), digest(expected), poison)
        assert.deepEqual(loader.bad, [{ path: set.items[5]!.path, reason }])
      }),
    )
})

test('where bad images are errors, a crash is one that names the image', async t => {
  const set = await makeSet(t)
  await withPreloaded(await writePoison(t, 'b/1.jpg', 'crash'), () =>
    using(set, { preprocessing: evaluate }, async loader => {
      const batches = loader.pass()
      assert.equal((await batches.next()).value?.count, 5)
      await assert.rejects(batches.next(), (error: unknown) => {
        assert.ok(error instanceof UserError)
        assert.match(error.message, /^bad image .*b\/1\.jpg: it crashes the decoder \(SIGSEGV\); .*--bad-images skip/)
        return true
      })
    }),
  )
})

test('a process that ends once costs no image, in training and while the cache is filled', async t => {
  const set = await makeSet(t)
  const expected = await using(set, {}, loader => takeAll(loader.steps(0, 4)))
  for (const isFilled of [false, true])
    await withPreloaded(await writePoison(t, 'c/3.jpg', 'crash', true), () =>
      using(set, {}, async loader => {
        if (isFilled) await loader.fillCache()
        assert.equal(digest(await takeAll(loader.steps(0, 4))), digest(expected))
        assert.deepEqual(loader.bad, [])
      }),
    )
})

const linuxOnly = { skip: !existsSync('/proc/self/task') && 'looks for processes in /proc' }
const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

test("Ctrl-C in the terminal does not end a loader's processes, nor does closing it leave any", linuxOnly, async t => {
  const set = await makeSet(t)
  const before = childrenOf(process.pid)
  const files = readdirSync('/proc/self/fd').length
  await using(set, { workers: 2, prefetch: 1 }, async loader => {
    const batches = loader.steps(0, 100)
    await batches.next()
    const own = childrenOf(process.pid).filter(pid => !before.includes(pid))
    assert.equal(own.length, 2)
    for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) for (const pid of own) process.kill(pid, signal)
    for (let step = 0; step < 20; step++) await batches.next()
    assert.deepEqual(
      childrenOf(process.pid).filter(pid => own.includes(pid)),
      own,
    )
  })
  assert.deepEqual(childrenOf(process.pid), before)
  assert.ok(readdirSync('/proc/self/fd').length <= files)
})

test("a loader's processes end with the one that started them, even if it is killed", linuxOnly, async t => {
  const set = await makeSet(t)
  const [loader, folder] = ['loader', 'class-folder'].map(
    name => new URL(`../../src/data/${name}.js`, import.meta.url).href,
  )
  const script = `
    const { Loader } = await import(${JSON.stringify(loader)})
    const { openSplit } = await import(${JSON.stringify(folder)})
    const loader = new Loader(await openSplit(${JSON.stringify(set.root)}), ${JSON.stringify(options({ workers: 2 }))})
    await loader.steps(0, 1e9).next()
    console.log('ready')
    setInterval(() => {}, 1000)`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(parent.stdout, 'data')
  const pids = childrenOf(parent.pid!)
  assert.equal(pids.length, 2)
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  const isAlive = (pid: number) => {
    try {
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    } catch {
      return false
    }
  }
  for (const end = performance.now() + 20_000; pids.some(isAlive); await wait(20))
    assert.ok(performance.now() < end, `${pids.filter(isAlive)} are left`)
})

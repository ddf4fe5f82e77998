import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { availableParallelism, platform } from 'node:os'
import test from 'node:test'
import { whileBound } from '../../src/backends/onednn/binding.js'
import { openOnednn } from '../../src/backends/onednn/onednn.js'

/** Processors that the main thread may run on, as Linux lists them: '0-1'. */
const processors = () => /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]!

const threads = availableParallelism()
const skip = platform() !== 'linux' || threads === 1 ? 'needs Linux and several processors' : false

test('the thread that computes is on a processor of its own while it does, and free before and after', { skip }, t => {
  for (const name of ['OMP_PROC_BIND', 'OMP_WAIT_POLICY', 'GOMP_SPINCOUNT']) delete process.env[name]
  const before = processors()
  const opened = openOnednn(undefined, threads)
  if ('reason' in opened) return t.skip(opened.reason)
  assert.equal(opened.threads, threads)
  assert.equal(processors(), before)
  // A child process with one thread would be bound as well, and all of them to the first processor.
  assert.equal(process.env.OMP_PROC_BIND, undefined)
  assert.equal(process.env.GOMP_SPINCOUNT, undefined)
  assert.match(whileBound(processors), /^\d+$/)
  assert.equal(processors(), before)
  const refusal = () => {
    throw new Error('a kernel has failed')
  }
  assert.throws(() => whileBound(refusal), /a kernel has failed/)
  assert.equal(processors(), before)
})

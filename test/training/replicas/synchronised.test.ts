import assert from 'node:assert/strict'
import test from 'node:test'
import { installed, mpirun, withoutMpi } from '../../communication/mpirun.js'
import type { Apart } from './synchronised-replica.js'

const script = new URL('synchronised-replica.js', import.meta.url)

/** In bf16 every map is rounded, and the maps of parts otherwise than those of the whole. */
const limits = { f32: { loss: 1e-6, gradient: 1e-5 }, bf16: { loss: 1e-2, gradient: 3e-2 } }

test('replicas with synchronised norms train as one does', { skip: withoutMpi }, async t => {
  const [first, second = first] = installed
  for (const [mpi, replicas] of [
    [first!, 4],
    [second!, 2],
  ] as const)
    await t.test(`${replicas} replicas over ${mpi.name}`, async () => {
      const { code, stdout, stderr } = await mpirun(mpi, replicas, script)
      assert.equal(code, 0, stderr)
      // MPICH may put warnings of its transport behind it.
      const found = JSON.parse(stdout.split('\n')[0]!) as Apart[]
      assert.equal(found.length, 3)
      for (const { precision, synchronised, losses, gradient, hashes } of found) {
        assert.equal(losses.length, 4)
        assert.deepEqual(hashes, new Array(replicas).fill(hashes[0]), `${precision}: replicas hold other bits`)
        if (!synchronised) {
          assert.ok(losses[0]! > 1e-3 && gradient > 0.1, 'norms over parts of the batch make no difference')
          continue
        }
        const limit = limits[precision]
        for (const [step, loss] of losses.entries())
          assert.ok(loss <= limit.loss, `${precision}, step ${step}: losses ${loss.toExponential(1)} apart`)
        assert.ok(gradient <= limit.gradient, `${precision}: a gradient ${gradient.toExponential(1)} off`)
      }
    })
})

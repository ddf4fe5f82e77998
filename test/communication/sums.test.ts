import assert from 'node:assert/strict'
import test from 'node:test'
import { installed, mpirun, withoutMpi } from './mpirun.js'

interface Report {
  readonly title: string
  readonly traffic: { readonly bytes: number; readonly waited: number; readonly advanced: number }
  readonly results: readonly {
    readonly backend: string
    readonly precision: 'f32' | 'bf16'
    readonly bucketBytes: number
    readonly error: number
    readonly hashes: readonly string[]
  }[]
}

const script = new URL('sums.js', import.meta.url)

test('gradients are summed over replicas', { skip: withoutMpi }, async t => {
  for (const mpi of installed)
    for (const replicas of [2, 4])
      await t.test(`${replicas} replicas over ${mpi.name}`, async () => {
        const { code, stdout, stderr } = await mpirun(mpi, replicas, script)
        assert.equal(code, 0, stderr)
        const { title, traffic, results } = JSON.parse(stdout) as Report
        assert.match(title, new RegExp(`^${mpi.name} \\d+\\.\\d+`))
        assert.equal(results.length, 8)
        assert.ok(traffic.bytes > 0 && traffic.waited > 0)
        for (const { backend, precision, bucketBytes, error, hashes } of results) {
          const where = `${backend} in ${precision}, buckets of ${bucketBytes}`
          assert.equal(new Set(hashes).size, 1, `${where}: replicas hold other bits`)
          assert.equal(hashes.length, replicas)
          // In f32 the order of additions is MPI's; in bf16 it is ours, and the reference's sums may round otherwise.
          const limit = precision === 'f32' ? 2e-7 : backend.startsWith('oneDNN') ? 0 : 1e-3
          assert.ok(error <= limit, `${where}: relative error ${error}`)
        }
      })
})

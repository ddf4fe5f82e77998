import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { installed, type Mpi, mpirun, type RunOptions, withoutMpi } from './mpirun.js'

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

async function checkSums(mpi: Mpi, replicas: number, title: RegExp, options?: RunOptions) {
  const { code, stdout, stderr } = await mpirun(mpi, replicas, script, [], options)
  assert.equal(code, 0, stderr)
  const { title: found, traffic, results } = JSON.parse(stdout) as Report
  assert.match(found, title)
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
}

test('gradients are summed over replicas', { skip: withoutMpi }, async t => {
  for (const [i, mpi] of installed.entries()) {
    const replicas = i === 0 ? 4 : 2
    await t.test(`${replicas} replicas over ${mpi.name}`, () =>
      checkSums(mpi, replicas, new RegExp(`^${mpi.name} \\d+\\.\\d+`)),
    )
  }

  for (const mpi of installed) {
    const library = standardLibrary(mpi)
    await t.test(
      `2 replicas over the standard ABI of ${mpi.name}`,
      { skip: !library && 'needs one with the standard ABI, such as Debian’s after 13: npm run test:debian' },
      () => checkSums(mpi, 2, new RegExp(`^${mpi.name} [56]\\.`), { env: { INCEPTION_MPI: library } }),
    )
  }

  const mpich = installed.find(({ name }) => name === 'MPICH')
  await t.test('2 replicas over a translation of the standard ABI', { skip: !mpich && 'needs MPICH' }, async t => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'inception-abi-'))
    try {
      const source = fileURLToPath(new URL('../../../test/communication/standard-abi.c', import.meta.url))
      const compiled = path.join(folder, 'libmpi_abi.so.1')
      if (spawnSync('cc', ['-shared', '-fPIC', '-o', compiled, source]).status !== 0)
        return t.skip('needs a C compiler')
      await checkSums(mpich!, 2, /^MPICH 5\.0\.0$/, { env: { LD_LIBRARY_PATH: folder } })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

/** The file that Debian gives an MPI's library of the standard ABI. */
function standardLibrary({ name }: Mpi): string | undefined {
  const file = `libmpi_abi_${name === 'MPICH' ? 'mpich' : 'openmpi'}.so.1.0.0`
  return readdirSync('/usr/lib')
    .map(folder => path.join('/usr/lib', folder, file))
    .find(existsSync)
}

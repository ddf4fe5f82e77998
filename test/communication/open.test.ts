import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import os from 'node:os'
import test from 'node:test'
import { promisify } from 'node:util'
import { findLauncher } from '../../src/communication/mpi/launcher.js'
import { titleOf } from '../../src/communication/mpi/library.js'
import { installed, mpirun, withoutMpi } from './mpirun.js'

const hello = new URL('hello.js', import.meta.url)

test('a process alone has no communicator, and loads no MPI', async () => {
  const env = { ...process.env, INCEPTION_MPI: '/nowhere/libmpi.so' }
  const { stdout } = await promisify(execFile)(process.execPath, [hello.pathname], { env })
  assert.equal(stdout.trim(), 'alone')
})

test('each launcher is told by what it sets, and one of a single process is none', () => {
  const found = (environment: NodeJS.ProcessEnv) => {
    const launcher = findLauncher(environment)
    return launcher && [launcher.family, launcher.size]
  }
  assert.equal(found({}), undefined)
  assert.equal(found({ SLURM_JOB_ID: '7', SLURM_NTASKS: '4' }), undefined)
  assert.equal(found({ OMPI_COMM_WORLD_SIZE: '1' }), undefined)
  assert.deepEqual(found({ OMPI_COMM_WORLD_SIZE: '20', PMIX_RANK: '3' }), ['Open MPI', 20])
  assert.deepEqual(found({ PMI_SIZE: '4', PMI_RANK: '0' }), ['MPICH', 4])
  assert.deepEqual(found({ OMPI_COMM_WORLD_SIZE: '8', SLURM_JOB_ID: '7', SLURM_STEP_NUM_TASKS: '2' }), ['Open MPI', 8])
  assert.deepEqual(found({ SLURM_JOB_ID: '7', PMI_SIZE: '4' }), [undefined, 4])
  assert.deepEqual(found({ SLURM_JOB_ID: '7', SLURM_STEP_NUM_TASKS: '4', PMIX_RANK: '2' }), [undefined, 4])
  assert.deepEqual(found({ PMIX_RANK: '2' }), [undefined, undefined])
})

test("an implementation's own words become a title", () => {
  assert.equal(titleOf('Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4'), 'Open MPI 4.1.4')
  assert.equal(titleOf('MPICH Version:\t4.0.2\nMPICH Release date:\tThu Apr 7'), 'MPICH 4.0.2')
  assert.equal(titleOf('Intel(R) MPI Library 2021.9 for Linux* OS\n'), 'Intel(R) MPI Library 2021.9 for Linux* OS')
})

for (const mpi of installed)
  test(`${mpi.name}: all find each other, and end in order with oneDNN loaded`, async () => {
    const { code, signal, stdout, stderr } = await mpirun(mpi, 3, hello)
    assert.deepEqual([code, signal], [0, null], stderr)
    const lines = stdout.trim().split('\n').sort()
    const hosts = Array(3).fill(os.hostname()).join(' ')
    assert.deepEqual(
      lines,
      [0, 1, 2].map(rank => `${rank} of 3 on ${hosts}: 1 3 5 bytes`),
    )
  })

// They wait most of their time, for each other.
test('of several replicas', { skip: withoutMpi, concurrency: true }, async t => {
  const each = installed.flatMap(mpi => [
    t.test(`${mpi.name}: one that fails takes the others from their work`, async () => {
      const { code, stdout, stderr } = await mpirun(mpi, 3, new URL('failing-replica.js', import.meta.url))
      assert.equal(code, 0, stderr)
      assert.deepEqual(
        stdout.trim().split('\n').sort(),
        [0, 1, 2].map(rank => `${rank}: replica 1 (${os.hostname()}): the disk is full`),
      )
    }),
    t.test(`${mpi.name}: one that works is waited for, one that stops is named, and the job ends`, async () => {
      const begin = performance.now()
      const { code, stdout, stderr } = await mpirun(mpi, 4, new URL('stopped-replica.js', import.meta.url))
      assert.notEqual(code, 0, stderr)
      const [worked, lost] = stdout.split('\n')
      assert.ok((JSON.parse(worked!) as { begin: number }).begin > 4000)
      const { message, ranks } = JSON.parse(lost!) as { message: string; ranks: number[] }
      assert.deepEqual(ranks, [3])
      assert.match(
        message,
        /^replica 0 \(.*\) has waited \d s for others; missing for 2 s: 3 \(.*\), not answering; resume/,
      )
      assert.ok(performance.now() - begin < 30_000)
    }),
  ])
  await Promise.all(each)
})

test('under a launcher', { skip: withoutMpi }, async t => {
  await t.test('one process needs no other', async () => {
    const { code, stdout, stderr } = await mpirun(installed[0]!, 1, hello)
    assert.equal(code, 0, stderr)
    assert.equal(stdout.trim(), 'alone')
  })
  await t.test('a library that is not there is an error in one line', async () => {
    const { code, stderr } = await mpirun(installed[0]!, 2, hello, [], { env: { INCEPTION_MPI: '/nowhere/libmpi.so' } })
    assert.notEqual(code, 0)
    assert.match(stderr, /INCEPTION_MPI names no usable MPI: the dynamic linker cannot load \/nowhere\/libmpi\.so/)
  })
  await t.test('a library that is no MPI is an error in one line', async () => {
    const { code, stderr } = await mpirun(installed[0]!, 2, hello, [], { env: { INCEPTION_MPI: 'libc.so.6' } })
    assert.notEqual(code, 0)
    assert.match(stderr, /INCEPTION_MPI names no usable MPI: libc\.so\.6 is no MPI/)
  })

  const [open, mpich] = ['Open MPI', 'MPICH'].map(name => installed.find(mpi => mpi.name === name))
  await t.test(
    "the other launcher's library is an error",
    { skip: !(open && mpich) && 'needs both MPIs' },
    async () => {
      const { code, stderr } = await mpirun(mpich!, 2, hello, [], { env: { INCEPTION_MPI: 'libmpi.so.40' } })
      assert.notEqual(code, 0)
      assert.match(
        stderr,
        /2 processes were started \(PMI_SIZE\), but Open MPI [\w.]+ knows of 1: it is not the launcher's/,
      )
    },
  )
})

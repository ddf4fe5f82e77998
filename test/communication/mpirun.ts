import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import path from 'node:path'

/** An MPI that can start processes here. */
export interface Mpi {
  readonly name: 'Open MPI' | 'MPICH'
  readonly mpirun: string
  /** Options that let any number of processes run anywhere, as root too. */
  readonly options: readonly string[]
}

const known: readonly Mpi[] = [
  {
    name: 'Open MPI',
    mpirun: 'mpirun.openmpi',
    options: ['--allow-run-as-root', '--oversubscribe', '--bind-to', 'none'],
  },
  { name: 'MPICH', mpirun: 'mpirun.mpich', options: [] },
]

/** Those of Debian's packages that are installed. */
export const installed: readonly Mpi[] = known.filter(({ mpirun }) => isInstalled(mpirun))

/** Why tests of several replicas are skipped, for the `skip` of a test; false where they can run. */
export const withoutMpi: string | false =
  installed.length > 0 ? false : 'no mpirun: apt-get install openmpi-bin libopenmpi3'

export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What to do with the processes while they run, such as ending one. */
  readonly meanwhile?: (stdout: string) => void
}

/** Runs a compiled script, or a command of this program, as so many processes of one MPI. Each has one thread. */
export function mpirun(
  mpi: Mpi,
  processes: number,
  script: string | URL,
  args: readonly string[] = [],
  { env = {}, meanwhile = () => {} }: RunOptions = {},
): Promise<Finished> {
  const file = script instanceof URL ? script.pathname : path.resolve(script)
  const command = [...mpi.options, '-n', `${processes}`, process.execPath, file, ...args]
  const child = spawn(mpi.mpirun, command, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, OMP_NUM_THREADS: '1', ...env },
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
      if (name === 'stdout') meanwhile(output.stdout)
    })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, ...output }))
  })
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(path.delimiter).some(folder => {
    try {
      accessSync(path.join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

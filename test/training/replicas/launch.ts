import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { main } from '../../cli/inception.js'
import { type Finished, installed } from '../../communication/mpirun.js'

type Send = (rank: number, signal: NodeJS.Signals) => void

export interface Launch {
  readonly cwd: string
  /** Looks at what has been said, and may send signals to replicas. Called whenever there is more. */
  readonly watch?: (stderr: string, send: Send) => void
  /** Other options of the last replica. @default the same */
  readonly last?: readonly string[]
}

/** Runs the command as so many replicas of the first MPI that is installed, as a user does, with one thread each. */
export function launch(replicas: number, args: readonly string[], { cwd, watch, last }: Launch): Promise<Finished> {
  const { mpirun, options } = installed[0]!
  const command = (count: number, given: readonly string[]) => ['-n', `${count}`, process.execPath, main, ...given]
  const words = last ? [...command(replicas - 1, args), ':', ...command(1, last)] : command(replicas, args)
  const child = spawn(mpirun, [...options, ...words], { cwd, env: { ...process.env, OMP_NUM_THREADS: '1' } })
  const send: Send = (rank, signal) => process.kill(replicasBelow(child.pid!)[rank]!, signal)
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    watch?.(stderr, send)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

/** The replicas below a launcher, by rank; the processes that they start have their environment, and another program. */
function replicasBelow(launcher: number): number[] {
  const processes = readdirSync('/proc').filter(name => /^\d+$/.test(name))
  const found = processes.flatMap(name => {
    const environment = read(`/proc/${name}/environ`).split('\0')
    const rank = /^(?:OMPI_COMM_WORLD_RANK|PMI_RANK)=(\d+)$/
    const own = environment.map(entry => rank.exec(entry)?.[1]).find(Boolean)
    const isReplica = read(`/proc/${name}/cmdline`).split('\0').includes(main)
    return own !== undefined && isReplica && isBelow(name, launcher) ? [{ pid: Number(name), rank: Number(own) }] : []
  })
  return found.sort((a, b) => a.rank - b.rank).map(({ pid }) => pid)
}

function isBelow(name: string, ancestor: number): boolean {
  const stat = read(`/proc/${name}/stat`)
  const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  return parent === ancestor || (parent > 1 && isBelow(`${parent}`, ancestor))
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** The lines that the program itself said, without those of the launcher. */
export const said = ({ stderr }: Finished): string[] => stderr.split('\n').filter(line => /^inception: /.test(line))

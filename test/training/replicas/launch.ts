import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { quoted } from '../../../src/base/shell-word.js'
import { main } from '../../cli/inception.js'
import { type Finished, installed, type Mpi } from '../../communication/mpirun.js'

/** To a replica, or to what started them. */
export type Send = (to: number | 'launcher', signal: NodeJS.Signals) => void

export interface Launch {
  readonly cwd: string
  /** @default the first that is installed */
  readonly mpi?: Mpi
  /** Looks at what has been said, and may send signals to replicas. Called now and then, and whenever there is more. */
  readonly watch?: (stderr: string, send: Send) => void
  /** Other options of the last replica. @default the same */
  readonly last?: readonly string[]
  /** A command that starts the last replica, which is given as its arguments. @default it is started as the others are */
  readonly lastBy?: readonly string[]
}

/** Runs the command as so many replicas, as a user does, with one thread each. */
export function launch(
  replicas: number,
  args: readonly string[],
  { cwd, mpi = installed[0]!, watch, last = args, lastBy = [] }: Launch,
): Promise<Finished> {
  const command = (given: readonly string[], by: readonly string[] = []) => [...by, process.execPath, main, ...given]
  const isLastAlike = last === args && lastBy.length === 0
  const words = isLastAlike ? command(args) : byRank(replicas - 1, command(last, lastBy), command(args))
  const env = { ...process.env, OMP_NUM_THREADS: '1' }
  const child = spawn(mpi.mpirun, [...mpi.options, '-n', `${replicas}`, ...words], { cwd, env })
  const send: Send = (to, signal) =>
    process.kill(to === 'launcher' ? child.pid! : replicasBelow(child.pid!)[to]!, signal)
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  const look = () => watch?.(stderr, send)
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    look()
  })
  const clock = setInterval(look, 20)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearInterval(clock)
      resolve({ code, signal, stdout, stderr })
    })
  })
}

/** One command for one rank and another for all else: two commands of its own crash Open MPI 5.0.7's launcher. */
function byRank(rank: number, itsOwn: readonly string[], others: readonly string[]): string[] {
  const exec = (words: readonly string[]) => `exec ${words.map(quoted).join(' ')}`
  const isIts = `[ "\${OMPI_COMM_WORLD_RANK:-$PMI_RANK}" = ${rank} ]`
  return ['sh', '-c', `if ${isIts}; then ${exec(itsOwn)}; else ${exec(others)}; fi`]
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

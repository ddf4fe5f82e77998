import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'

/** More than any one machine's step gains from. */
export const mostThreads = 256

/** What the number of threads is derived from; a test gives its own. */
export interface System {
  /** Logical processors that the scheduler may put this process on: affinity, but no quota, counts. */
  readonly processors: number
  /** A file's text, or undefined where it cannot be read. */
  readonly read: (file: string) => string | undefined
}

const thisSystem: System = {
  processors: availableParallelism(),
  read(file) {
    try {
      return readFileSync(file, 'utf8')
    } catch {
      return undefined
    }
  },
}

/**
 * Threads to compute with unless the user says otherwise on the command line: what OMP_NUM_THREADS asks for, else one
 * for each of the `cores` that this process may use, at most {@link mostThreads}.
 */
export function defaultThreads(
  environment: NodeJS.ProcessEnv = process.env,
  system: System = thisSystem,
  cores = usableCores(system),
): number {
  // OpenMP takes a list, for nested parallelism; its first number is the outermost. What is no number it ignores.
  const asked = Number(environment.OMP_NUM_THREADS?.split(',')[0]?.trim() || Number.NaN)
  return Number.isInteger(asked) && asked >= 1 ? asked : Math.min(cores, mostThreads)
}

/**
 * Cores that this process may keep busy: its processors, or fewer where a control group around it has a CPU quota, which
 * is what limits a container. A part of a core counts as one: its time would be lost otherwise.
 */
export function usableCores(system: System = thisSystem): number {
  const quotas = cgroupFolders(system.read).map(folder => quotaOf(folder, system.read))
  return Math.max(1, Math.ceil(Math.min(system.processors, ...quotas)))
}

/** The numbers of the processors that affinity leaves to this process; undefined where the system does not tell. */
export function allowedProcessors(system: System = thisSystem): readonly number[] | undefined {
  // '0-3,8' (proc_pid_status(5)).
  const ranges = /^Cpus_allowed_list:\s*(\S+)$/m.exec(system.read('/proc/self/status') ?? '')?.[1]?.split(',')
  return ranges?.flatMap(range => {
    const [first, last = first] = range.split('-').map(Number)
    return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i)
  })
}

type Read = System['read']

/** The control groups of this process that can hold a CPU quota, each with its ancestors as far as they are mounted. */
function cgroupFolders(read: Read): string[] {
  const memberships = lines(read('/proc/self/cgroup')).map(line => {
    // hierarchy:controllers:path, the controllers empty in version 2 (cgroups(7)).
    const [, controllers = '', ...rest] = line.split(':')
    return { controllers: controllers.split(','), path: rest.join(':') }
  })
  return lines(read('/proc/self/mountinfo')).flatMap(line => {
    // id parent device root point options … - type source superOptions (proc_pid_mountinfo(5)).
    const [left = '', right = ''] = line.split(' - ')
    const [root = '', point = ''] = left.split(' ').slice(3).map(unescaped)
    const [type, , options = ''] = right.split(' ')
    const controller =
      type === 'cgroup2' ? '' : type === 'cgroup' && options.split(',').includes('cpu') ? 'cpu' : undefined
    const own = memberships.find(({ controllers }) => controller !== undefined && controllers.includes(controller))
    return own === undefined ? [] : ancestry(point, root, own.path)
  })
}

/** The folder of `group`, where the group `root` is mounted at `point`, and the folders above it up to that. */
function ancestry(point: string, root: string, group: string): string[] {
  const below = path.posix.relative(root, group)
  // Outside what is mounted here, as a container may see it: the mount point is the nearest that can be read.
  if (below.startsWith('..') || group.startsWith('/..')) return [point]
  const parts = below.split('/').filter(Boolean)
  return Array.from({ length: parts.length + 1 }, (_, i) => [point, ...parts.slice(0, parts.length - i)].join('/'))
}

/** The cores' worth of time that a control group may use, in either version's files. */
function quotaOf(folder: string, read: Read): number {
  const [quota, period] =
    read(`${folder}/cpu.max`)?.trim().split(' ') ??
    ['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map(file => read(`${folder}/${file}`))
  const cores = Number(quota) / Number(period)
  // 'max' in version 2 and −1 in version 1 stand for no limit.
  return cores > 0 ? cores : Number.POSITIVE_INFINITY
}

const lines = (text: string | undefined): string[] => text?.split('\n').filter(Boolean) ?? []

/** Blanks in paths are written in octal. */
const unescaped = (field: string): string =>
  field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

import os from 'node:os'
import path from 'node:path'
import koffi from 'koffi'
import { UserError } from '../../base/error.js'
import type { Family, Launcher } from './launcher.js'

/** What was left to each implementation before MPI 5: predefined handles and other constants, as numbers. */
export interface Constants {
  readonly world: number
  readonly float: number
  readonly byte: number
  readonly sum: number
  readonly errorsReturn: number
  /** `MPI_THREAD_FUNNELED`: this process has threads, of which one calls MPI. */
  readonly funneled: number
  readonly inPlace: number
  readonly statusIgnore: number
}

/** MPI, loaded. */
export interface Library {
  /** For example 'Open MPI 4.1.4'. */
  readonly title: string
  readonly constants: Constants
  readonly call: Readonly<Record<keyof typeof signatures, (...args: CArgument[]) => number>>
}

/** Numbers also stand for addresses and handles, which are integers or addresses, as the implementation likes. */
type CArgument = number | ArrayBufferView | null

/**
 * Prototypes in which handles have the width of a register. That serves the implementations whose handles are `int` as
 * well: at most eight arguments are passed in registers or in slots as wide, of which the callee reads the lower half.
 */
const signatures = {
  initThread: 'int MPI_Init_thread(void*, void*, int, void*)',
  finalize: 'int MPI_Finalize()',
  commRank: 'int MPI_Comm_rank(int64_t, void*)',
  commSize: 'int MPI_Comm_size(int64_t, void*)',
  commDup: 'int MPI_Comm_dup(int64_t, void*)',
  setErrorHandler: 'int MPI_Comm_set_errhandler(int64_t, int64_t)',
  errorString: 'int MPI_Error_string(int, void*, void*)',
  abort: 'int MPI_Abort(int64_t, int)',
  allReduce: 'int MPI_Iallreduce(int64_t, int64_t, int, int64_t, int64_t, int64_t, int64_t)',
  allToAll: 'int MPI_Ialltoall(int64_t, int, int64_t, int64_t, int, int64_t, int64_t, int64_t)',
  allGather: 'int MPI_Iallgather(int64_t, int, int64_t, int64_t, int, int64_t, int64_t, int64_t)',
  barrier: 'int MPI_Ibarrier(int64_t, int64_t)',
  send: 'int MPI_Isend(int64_t, int, int64_t, int, int, int64_t, int64_t)',
  receive: 'int MPI_Irecv(int64_t, int, int64_t, int, int, int64_t, int64_t)',
  test: 'int MPI_Test(int64_t, int64_t, int64_t)',
} as const

/** Names of the standard ABI's library, of Open MPI's and of MPICH's, the best first. */
const names: Partial<Record<NodeJS.Platform, Readonly<Record<'standard' | Family, readonly string[]>>>> = {
  linux: {
    standard: ['libmpi_abi.so.1', 'libmpi_abi.so.0', 'libmpi_abi.so'],
    'Open MPI': ['libmpi.so.40', 'libmpi.so'],
    MPICH: ['libmpich.so.12', 'libmpi.so.12'],
  },
  darwin: {
    standard: ['libmpi_abi.1.dylib', 'libmpi_abi.0.dylib', 'libmpi_abi.dylib'],
    'Open MPI': ['libmpi.40.dylib'],
    MPICH: ['libmpi.12.dylib', 'libpmpi.12.dylib'],
  },
}

/**
 * Loads the MPI that `launcher` can speak with, for the life of the process. `named` is a file or a name for the dynamic
 * linker instead of those known. Throws where there is none.
 */
export function loadMpi(launcher: Launcher, named = process.env.INCEPTION_MPI): Library {
  // UCX, below MPICH and some of Open MPI's, reads this when it is loaded. It replaces the C library's calls for memory to
  // hear of what is given back; in a process of many threads like Node's, some of the heap then vanished now and then (as in
  // openucx/ucx#3831). What it hears is of use to InfiniBand only.
  process.env.UCX_MEM_EVENTS ??= 'no'
  const known = names[os.platform()]
  const install = "'apt-get install libopenmpi3' (for Open MPI's mpirun) or 'libmpich12' (for MPICH's)"
  if (!named && !known)
    throw new UserError(`MPI is not looked for on ${os.platform()}: name its library's file by INCEPTION_MPI`)
  const families = (['Open MPI', 'MPICH'] as const).filter(family => (launcher.family ?? family) === family)
  const candidates = named ? [named] : [...known!.standard, ...families.flatMap(family => known![family])]
  const reasons: string[] = []
  for (const name of candidates) {
    const found = load(name, named ? undefined : launcher.family)
    if (!('reason' in found)) return found
    reasons.push(found.reason)
  }
  throw new UserError(
    named
      ? `INCEPTION_MPI names no usable MPI: ${reasons[0]}; name the library of the MPI whose launcher you use, or unset it`
      : `started as one of many processes (${launcher.sign}), but no ${launcher.family ?? 'MPI'} can be loaded: ${reasons.join('; ')}; install ${install}, name its library by INCEPTION_MPI, or start without a launcher`,
  )
}

function load(name: string, family: Family | undefined): Library | { readonly reason: string } {
  let lib: ReturnType<typeof koffi.load>
  try {
    lib = koffi.load(name)
  } catch (error) {
    return { reason: `the dynamic linker cannot load ${name} (${firstLine(error)})` }
  }
  const version = versionOf(lib)
  if (version === undefined) return { reason: `${name} is no MPI: it has no MPI_Get_library_version` }
  const title = titleOf(version)
  const isOpen = title.startsWith('Open MPI')
  if (family !== undefined && isOpen !== (family === 'Open MPI'))
    return { reason: `${name} is ${title}, and the launcher is ${family}'s` }
  pin(name)
  const standard = path.basename(name).includes('mpi_abi')
  return {
    title,
    constants: standard ? standardConstants : isOpen ? openMpiConstants(lib) : mpichConstants,
    call: Object.fromEntries(
      Object.entries(signatures).map(([key, prototype]) => [key, lib.func(prototype)]),
    ) as unknown as Library['call'],
  }
}

/** MPI 5.0's standard ABI (its Appendix A, and the MPI Forum's `mpi.h` of it). */
const standardConstants: Constants = {
  world: 0x101,
  float: 0x210,
  byte: 0x247,
  sum: 0x21,
  errorsReturn: 0x142,
  funneled: 1024,
  inPlace: 1,
  statusIgnore: 0,
}

/** MPICH's `mpi.h`; its ABI has been the same since 3.1, and Intel's MPI, MVAPICH and Cray's share it. */
const mpichConstants: Constants = {
  world: 0x44000000,
  float: 0x4c00040a,
  byte: 0x4c00010d,
  sum: 0x58000003,
  errorsReturn: 0x54000001,
  funneled: 1,
  inPlace: -1,
  statusIgnore: 1,
}

/** Open MPI's handles are addresses of what its library exports. */
function openMpiConstants(lib: ReturnType<typeof koffi.load>): Constants {
  const symbol = (name: string) => Number(koffi.address(lib.symbol(name, 'void')))
  return {
    world: symbol('ompi_mpi_comm_world'),
    float: symbol('ompi_mpi_float'),
    byte: symbol('ompi_mpi_byte'),
    sum: symbol('ompi_mpi_op_sum'),
    errorsReturn: symbol('ompi_mpi_errors_return'),
    funneled: 1,
    inPlace: 1,
    statusIgnore: 0,
  }
}

/** MPI's own words about its version, which may be asked for before MPI has begun. */
function versionOf(lib: ReturnType<typeof koffi.load>): string | undefined {
  try {
    const text = Buffer.alloc(8192)
    const length = new Int32Array(1)
    lib.func('int MPI_Get_library_version(void*, void*)')(text, length)
    return text.toString('latin1', 0, length[0])
  } catch {
    return undefined
  }
}

/** 'Open MPI v4.1.4, package: …' and 'MPICH Version:\t4.0.2\n…' in few words; of others, the first line. */
export function titleOf(version: string): string {
  const known = /^(Open MPI|MPICH)(?: Version:)?\s+v?([\w.]+)/.exec(version)
  return known ? `${known[1]} ${known[2]}` : firstLine(version).slice(0, 60)
}

/**
 * Opens the library for all that it loads itself, as Open MPI's plug-ins need, and so that it is never unmapped: its
 * threads and handlers outlive koffi's handle, and the process would end with a segmentation fault after a run that was right.
 */
function pin(name: string) {
  const [now, global, nodelete] = os.platform() === 'darwin' ? [0x2, 0x8, 0x80] : [0x2, 0x100, 0x1000]
  const dlopen = koffi.load(null).func('void* dlopen(const char*, int)')
  if (!dlopen(name, now | global | nodelete)) throw new UserError(`cannot open ${name} for its plug-ins`)
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]!.trim()

import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import koffi from 'koffi'

interface Library {
  readonly map: (at: null, bytes: number, protection: number, flags: number, file: number, begin: number) => bigint
  readonly unmap: (at: bigint, bytes: number) => number
  /** Linux alone has it. */
  readonly memoryFile: ((name: string, flags: number) => number) | undefined
}

/** PROT_READ | PROT_WRITE, the same on Linux and macOS, as is MAP_SHARED. */
const readAndWrite = 3
const shared = 1
const failed = 0xffff_ffff_ffff_ffffn
/** MFD_CLOEXEC: only processes that are given the descriptor have it. */
const closeOnExec = 1

/** What the system holds for one memory. */
interface Holding {
  file: number | undefined
  readonly at: bigint
  readonly bytes: number
}

let library: Library | undefined

/** The memory goes when nobody holds its buffer any more, as with the engine's own buffers. */
const unheld = new FinalizationRegistry<Holding>(holding => {
  shut(holding)
  system().unmap(holding.at, holding.bytes)
})

/**
 * Memory that this process shares with those that it starts. Atomic operations on its whole numbers hold between
 * processes, except that nobody can wait for one. It has no name, so nothing is left of it whatever dies.
 */
export class SharedMemory {
  readonly buffer: ArrayBuffer
  readonly #holding: Holding | undefined

  private constructor(buffer: ArrayBuffer, holding: Holding | undefined) {
    this.buffer = buffer
    this.#holding = holding
  }

  /**
   * So many zeros, of which the system takes no memory before they are written to.
   *
   * @throws {Error} if the system does not give them
   */
  static reserve(bytes: number): SharedMemory {
    if (bytes === 0) return new SharedMemory(new ArrayBuffer(0), undefined)
    const file = unnamedFile()
    try {
      ftruncateSync(file, bytes)
      return SharedMemory.open(file, bytes)
    } catch (error) {
      closeSync(file)
      throw error
    }
  }

  /** A copy of what a buffer holds. */
  static of(content: ArrayBufferLike): SharedMemory {
    const memory = SharedMemory.reserve(content.byteLength)
    new Uint8Array(memory.buffer).set(new Uint8Array(content))
    return memory
  }

  /**
   * The memory behind another process's {@link file}, which this process was given.
   *
   * @throws {Error} if it cannot be mapped
   */
  static open(file: number, bytes: number): SharedMemory {
    const at = system().map(null, bytes, readAndWrite, shared, file, 0)
    if (at === failed) throw new Error(`${bytes} bytes of shared memory cannot be mapped`)
    const buffer = koffi.view(at, bytes)
    const holding: Holding = { file, at, bytes }
    unheld.register(buffer, holding)
    return new SharedMemory(buffer, holding)
  }

  /** The descriptor to give to a process that is started; undefined where the memory is empty. */
  get file(): number | undefined {
    return this.#holding?.file
  }

  /** No process can be given it any more. Who has it keeps it. */
  close(): void {
    if (this.#holding) shut(this.#holding)
  }
}

function shut(holding: Holding): void {
  if (holding.file !== undefined) closeSync(holding.file)
  holding.file = undefined
}

function system(): Library {
  if (library) return library
  const libc = koffi.load(null)
  library = {
    map: libc.func('void* mmap(void*, size_t, int, int, int, int64_t)'),
    unmap: libc.func('int munmap(void*, size_t)'),
    memoryFile: os.platform() === 'linux' ? libc.func('int memfd_create(const char*, unsigned int)') : undefined,
  }
  return library
}

/** Not in /dev/shm, which many containers make so small that a batch does not fit. */
function unnamedFile(): number {
  const file = system().memoryFile?.('inception', closeOnExec)
  if (file !== undefined && file >= 0) return file
  const folder = mkdtempSync(path.join(os.tmpdir(), 'inception-memory-'))
  try {
    return openSync(path.join(folder, 'memory'), 'wx+', 0o600)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

import { SharedMemory } from '../base/shared-memory.js'

/** A process's standard streams and the channel to it come first. */
const firstFile = 4

/** The place of shared memory in what a process is told at its start. */
interface MemoryPlace {
  readonly sharedMemory: number | null
  readonly bytes: number
}

export interface StartMessage {
  readonly text: string
  /** Descriptors that the process is to find from number 4 on. */
  readonly files: readonly number[]
}

/** Writes what a process is told at its start: plain data, and {@link SharedMemory} anywhere in it. */
export function packStart(data: unknown): StartMessage {
  const files: number[] = []
  const text = JSON.stringify(data, (_, value: unknown) => {
    if (!(value instanceof SharedMemory)) return value
    const sharedMemory = value.file === undefined ? null : files.push(value.file) - 1
    return { sharedMemory, bytes: value.buffer.byteLength } satisfies MemoryPlace
  })
  return { text, files }
}

export function unpackStart(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => {
    if (!isMemoryPlace(value)) return value
    const { sharedMemory, bytes } = value
    return sharedMemory === null ? SharedMemory.reserve(0) : SharedMemory.open(firstFile + sharedMemory, bytes)
  })
}

const isMemoryPlace = (value: unknown): value is MemoryPlace =>
  typeof value === 'object' && value !== null && 'sharedMemory' in value && 'bytes' in value

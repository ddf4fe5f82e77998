import { availableParallelism, platform } from 'node:os'
import koffi from 'koffi'

/** Enough for 8192 processors, as many as Linux can have. */
const maskBytes = 1024

interface Binding {
  readonly setAffinity: (thread: 0, bytes: number, mask: Uint8Array) => number
  /** The processor that OpenMP chose for the thread that computes. */
  readonly own: Uint8Array
  /** All that the process may use. */
  readonly all: Uint8Array
}

let binding: Binding | undefined

/**
 * Loads OpenMP with its threads bound to a processor each, where there are as many of both.
 *
 * oneDNN's kernels meet inside at barriers that spin. With a neighbour about, the scheduler puts two of our threads on
 * one processor, and then one spins through its time while the other, which it waits for, cannot run. With one of two
 * cores kept busy, a step of Inception-v4 (batch 8, bf16) took 7.6 times as long, bound 2.2 times (`bench/neighbour.ts`).
 *
 * The thread that loads is free again afterwards, since threads that it starts, the loader's and the optimiser's, inherit its place.
 */
export function loadBound<T>(threads: number, load: () => T): T {
  if (platform() !== 'linux' || threads === 1 || threads !== availableParallelism()) return load()
  // libgomp reads these when it is loaded, and binds the loading thread at once. Between kernels a thread then spins for
  // some tenths of a millisecond before it sleeps: most waits are shorter, and being woken takes longer.
  const ours = {
    ...(process.env.OMP_PROC_BIND === undefined && { OMP_PROC_BIND: 'true' }),
    ...(process.env.OMP_WAIT_POLICY === undefined &&
      process.env.GOMP_SPINCOUNT === undefined && { GOMP_SPINCOUNT: '20000' }),
  }
  Object.assign(process.env, ours)
  const libc = koffi.load(null)
  const getAffinity = libc.func('int sched_getaffinity(int, size_t, void*)')
  const [all, own] = [new Uint8Array(maskBytes), new Uint8Array(maskBytes)]
  const known = getAffinity(0, maskBytes, all) >= 0
  const loaded = load()
  // Not for child processes: each with one thread, they would all be bound to the same processor.
  for (const name of Object.keys(ours)) delete process.env[name]
  if (known && getAffinity(0, maskBytes, own) >= 0 && Buffer.compare(own, all) !== 0) {
    binding = { setAffinity: libc.func('int sched_setaffinity(int, size_t, void*)'), own, all }
    binding.setAffinity(0, maskBytes, all)
  }
  return loaded
}

/** Runs kernels with this thread, too, on the processor that OpenMP chose for it. */
export function whileBound<T>(run: () => T): T {
  if (binding === undefined) return run()
  const { setAffinity, own, all } = binding
  setAffinity(0, maskBytes, own)
  try {
    return run()
  } finally {
    setAffinity(0, maskBytes, all)
  }
}

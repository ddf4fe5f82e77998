import { UserError } from '../base/error.js'
import { defaultThreads } from '../base/threads.js'
import type { Backend, Precision } from './backend.js'
import { openOnednn } from './onednn/onednn.js'
import { createReference } from './reference/reference.js'

/** Which kernels to run: `auto` is oneDNN where it can be loaded, else the slow reference with a warning. */
export const backendNames = ['auto', 'onednn', 'reference'] as const
export type BackendName = (typeof backendNames)[number]

const install = "install oneDNN 2: on Debian and Ubuntu 'apt-get install libdnnl2'; elsewhere see the README"

/**
 * Opens a backend. `warn` hears of a fallback; a backend asked for by name that is not there is an error. `threads` is
 * how many to compute with where the backend can: the first to open oneDNN in a process decides it for the process.
 */
export function openBackend(
  name: BackendName,
  warn: (message: string) => void,
  threads: number = defaultThreads(),
): Backend {
  if (name === 'reference') return createReference()
  const native = openOnednn(threads)
  if (!('reason' in native)) return native
  if (name === 'onednn') throw new UserError(`oneDNN cannot be used: ${native.reason}; ${install}`)
  warn(
    `oneDNN cannot be used: ${native.reason}. Running plain TypeScript instead, which is hundreds of times slower; ${install}`,
  )
  return createReference()
}

/** The precision asked for, or the backend's best. */
export const choosePrecision = (backend: Backend, asked: Precision | 'auto'): Precision =>
  asked === 'auto' ? backend.precisions[0] : asked

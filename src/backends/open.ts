import { UserError } from '../base/error.js'
import { defaultThreads } from '../base/threads.js'
import { allPasses, type Passes } from '../graph/passes/pass-names.js'
import type { Backend, BackendName, Precision } from './backend.js'
import { openOnednn } from './onednn/onednn.js'
import { createReference } from './reference/reference.js'

const install =
  "install oneDNN: 'apt-get install libdnnl2' on Debian 12, 'libdnnl3.6' on Debian 13; elsewhere see the README"

export interface EngineOptions {
  readonly passes?: Passes
  readonly threads?: number | undefined
  readonly notify?: (message: string) => void
}

/**
 * Opens a backend. `warn` hears of a fallback, `notify` of measuring that takes a while; a backend asked for by name
 * that is not there is an error. `threads` is how many to compute with where the backend can: the first to open oneDNN
 * in a process decides it for the process.
 */
export function openBackend(
  name: BackendName,
  warn: (message: string) => void,
  { passes = allPasses, threads = defaultThreads(), notify = () => {} }: EngineOptions = {},
): Backend {
  if (name === 'reference') return createReference({ passes })
  const native = openOnednn(passes, threads, notify)
  if (!('reason' in native)) return native
  if (name === 'onednn') throw new UserError(`oneDNN cannot be used: ${native.reason}; ${install}`)
  warn(
    `oneDNN cannot be used: ${native.reason}. Running plain TypeScript instead, which is hundreds of times slower; ${install}`,
  )
  return createReference({ passes })
}

/** The precision asked for, or the backend's best. */
export const choosePrecision = (backend: Backend, asked: Precision | 'auto'): Precision =>
  asked === 'auto' ? backend.precisions[0] : asked

import { readFileSync } from 'node:fs'
import type { Backend, Precision } from '../backend.js'
import { Team } from '../simd/team.js'
import type { Api } from './api.js'
import { EngineV2 } from './engine-v2.js'
import { EngineV3 } from './engine-v3.js'
import { type Library, loadLibrary } from './library.js'
import { OnednnProgram } from './program.js'
import { TeamStore } from './store.js'

let opened: Backend | { readonly reason: string } | undefined

/** The oneDNN backend of this process, or the reason why there is none. */
export function openOnednn(): Backend | { readonly reason: string } {
  opened ??= open()
  return opened
}

function open(): Backend | { readonly reason: string } {
  const library = loadLibrary()
  if ('reason' in library) return library
  const api = createEngine(library)
  // oneDNN's threads are OpenMP's, and the optimiser's follow them.
  const threads = Number(process.env.OMP_NUM_THREADS)
  const team = new Team(Number.isInteger(threads) && threads > 0 ? { threads } : {})
  const precisions: readonly [Precision, ...Precision[]] = hasBf16() ? ['bf16', 'f32'] : ['f32', 'bf16']
  return {
    title: `oneDNN ${api.version}`,
    precisions,
    createStore: () => new TeamStore(team),
    compile(graph, options) {
      if (!(options.store instanceof TeamStore)) throw new Error('the store belongs to another backend')
      return new OnednnProgram(graph, api, options.store, options)
    },
  }
}

/** The library's version decides how its functions are called. */
export const createEngine = (library: Library): Api =>
  library.major === 3 ? new EngineV3(library) : new EngineV2(library)

/** Whether the processor multiplies bf16 natively, so that computing in it is faster and not only smaller. */
function hasBf16(): boolean {
  try {
    return /\b(amx_bf16|avx512_bf16)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))
  } catch {
    return false
  }
}

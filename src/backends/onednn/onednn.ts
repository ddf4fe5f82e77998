import { readFileSync } from 'node:fs'
import { defaultThreads } from '../../base/threads.js'
import type { Backend, Precision } from '../backend.js'
import { Team } from '../simd/team.js'
import { loadBound } from './binding.js'
import { Engine } from './engine.js'
import { loadLibrary } from './library.js'
import { OnednnProgram } from './program.js'
import { TeamStore } from './store.js'

let opened: Backend | { readonly reason: string } | undefined

/** The oneDNN backend of this process, or the reason why there is none. The first call decides how many threads it has. */
export function openOnednn(threads: number = defaultThreads()): Backend | { readonly reason: string } {
  opened ??= open(threads)
  return opened
}

function open(threads: number): Backend | { readonly reason: string } {
  // libgomp reads this when it is loaded.
  process.env.OMP_NUM_THREADS = `${threads}`
  const library = loadBound(threads, loadLibrary)
  if ('reason' in library) return library
  const [major, minor] = library.version.split('.').map(Number) as [number, number]
  if (major !== 2 || minor < 6) return { reason: `it is oneDNN ${library.version}, and 2.6 or a later 2 is needed` }
  const engine = new Engine(library)
  const team = new Team({ threads })
  const precisions: readonly [Precision, ...Precision[]] = hasBf16() ? ['bf16', 'f32'] : ['f32', 'bf16']
  return {
    title: `oneDNN ${library.version}`,
    precisions,
    threads,
    createStore: () => new TeamStore(team),
    compile(graph, options) {
      if (!(options.store instanceof TeamStore)) throw new Error('the store belongs to another backend')
      return new OnednnProgram(graph, engine, options.store, options)
    },
  }
}

/** Whether the processor multiplies bf16 natively, so that computing in it is faster and not only smaller. */
function hasBf16(): boolean {
  try {
    return /\b(amx_bf16|avx512_bf16)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))
  } catch {
    return false
  }
}

import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { defaultThreads } from '../../base/threads.js'
import { allPasses, type Passes } from '../../graph/passes/pass-names.js'
import type { Backend } from '../backend.js'
import { Team } from '../simd/team.js'
import type { Api } from './api.js'
import { Belongings } from './belongings.js'
import { loadBound } from './binding.js'
import { EngineV2 } from './engine-v2.js'
import { EngineV3 } from './engine-v3.js'
import { GraphSubject } from './graph-subject.js'
import { type Library, loadLibrary } from './library.js'
import { limitOf } from './limit.js'
import { Liveness } from './liveness.js'
import { OnednnProgram } from './program.js'
import { Stopwatch } from './stopwatch.js'
import { TeamStore } from './store.js'
import { type Chooser, TimeSource, Tuner } from './tuner.js'
import { TuningCache } from './tuning-cache.js'

/** What all backends of a process share: the library's engine and the threads beside it. */
interface Shared {
  readonly api: Api
  readonly team: Team
}

let shared: Shared | { readonly reason: string } | undefined

/**
 * The oneDNN backend with these optimisations, or the reason why there is none. `notify` hears of long
 * measuring. The first call decides how many threads the process computes with.
 */
export function openOnednn(
  passes: Passes = allPasses,
  threads: number = defaultThreads(),
  notify: (message: string) => void = () => {},
): Backend | { readonly reason: string } {
  const found = sharedOnednn(threads)
  if ('reason' in found) return found
  const times = timesOf(found, notify)
  return createOnednn(found, passes, times, passes.has('tune') ? new Tuner(times) : undefined)
}

/** A backend that computes each node as `chooser` says, or by the default kernel. */
export function createOnednn(
  { api, team }: Shared,
  passes: Passes,
  times: TimeSource,
  chooser: Chooser | undefined,
): Backend {
  return {
    title: `oneDNN ${api.version}`,
    native: true,
    precisions: hasBf16() ? ['bf16', 'f32'] : ['f32', 'bf16'],
    threads: team.threads,
    passes,
    createStore: () => new TeamStore(team),
    compile(graph, options) {
      if (!(options.store instanceof TeamStore)) throw new Error('the store belongs to another backend')
      const measured = (options.tune ?? true) ? chooser : undefined
      return new OnednnProgram(graph, api, measured, options.store, { ...options, inPlace: passes.has('in-place') })
    },
    limit(graph, outputs) {
      using candidates = new Belongings()
      const subject = new GraphSubject(graph, api, new Liveness(graph, outputs), outputs)
      const limit = api.making(candidates, () => limitOf(subject, times))
      times.finish()
      return limit
    },
  }
}

/** The library's engine and the SIMD threads, made once a process. */
export function sharedOnednn(threads: number = defaultThreads()): Shared | { readonly reason: string } {
  shared ??= load(threads)
  return shared
}

function load(threads: number): Shared | { readonly reason: string } {
  // libgomp reads this when it is loaded.
  process.env.OMP_NUM_THREADS = `${threads}`
  const library = loadBound(threads, loadLibrary)
  if ('reason' in library) return library
  return { api: createEngine(library), team: new Team({ threads }) }
}

function timesOf({ api, team }: Shared, notify: (message: string) => void): TimeSource {
  const processor = cpus()[0]?.model ?? 'unknown processor'
  const cache = new TuningCache(`oneDNN ${api.version}, ${processor}, ${team.threads} threads`)
  return new TimeSource(new Stopwatch(api), cache, () =>
    notify(`measuring kernels on this machine, once; the times are kept in ${cache.file}`),
  )
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

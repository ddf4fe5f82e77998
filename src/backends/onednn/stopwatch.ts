import { performance } from 'node:perf_hooks'
import type { Api } from './api.js'
import { whileBound } from './binding.js'
import type { Launch, Place } from './kernels.js'
import { addressOf } from './library.js'

const alignment = 64
/** The most that a buffer may grow to; address space is reserved for it, not memory. */
const mostMemory = 2 ** 32
const aligned = (n: number) => Math.ceil(n / alignment) * alignment

/** Rounds last until this many milliseconds have passed, but there are at least and at most so many. */
const [enough, least, most] = [30, 3, 20]

/** What is this many times slower than the fastest, and by a millisecond, is out after one run. */
const hopeless = 4

/** Times launches on memory of its own, apart from any program. */
export class Stopwatch {
  readonly #api: Api
  /** Grows as candidates need, and goes back to the system with `release`. */
  readonly #memory = new ArrayBuffer(0, { maxByteLength: mostMemory })

  constructor(api: Api) {
    this.#api = api
  }

  /**
   * The least milliseconds that each of several ways of computing the same thing takes. They run in turn, so that what
   * else the machine does slows all of them. Launches must be primitives: others make the result undefined, as
   * does more than 4 GiB of tensors.
   */
  race(candidates: readonly (readonly Launch[])[]): (number | undefined)[] {
    return whileBound(() => this.#race(candidates))
  }

  #race(candidates: readonly (readonly Launch[])[]): (number | undefined)[] {
    const placed = candidates.map(launches => this.#place(launches))
    const bytes = Math.max(0, ...placed.map(({ bytes }) => bytes))
    if (bytes + alignment > mostMemory) return candidates.map(() => undefined)
    if (this.#memory.byteLength < bytes + alignment) this.#memory.resize(bytes + alignment)
    const base = aligned(addressOf(new Uint8Array(this.#memory, 0, 1)))
    const runs = candidates.map((launches, i) => this.#bind(launches, place => base + placed[i]!.offset(place)))
    // The first run touches memory and starts threads: it tells only of what is far too slow.
    const best = runs.map(run => run && time(run))
    const limit = Math.min(...best.map(first => first ?? Number.POSITIVE_INFINITY)) * hopeless + 1
    const racing = runs.map((run, i) => ((best[i] ?? 0) > limit ? undefined : run))
    const begin = performance.now()
    for (let round = 0; round < least || (round < most && performance.now() - begin < enough); round++)
      for (const [i, run] of racing.entries()) if (run) best[i] = Math.min(best[i]!, time(run))
    return best
  }

  /** Gives the memory back. */
  release(): void {
    this.#memory.resize(0)
  }

  #bind(launches: readonly Launch[], address: (place: Place) => number): (() => void) | undefined {
    const runs: (() => void)[] = []
    for (const launch of launches) {
      if (launch.kind !== 'primitive') return undefined
      const args = launch.args.map(([argument, descriptor, place]) => ({
        argument,
        descriptor,
        address: address(place),
      }))
      runs.push(this.#api.bind('measuring', launch.primitive, args))
    }
    return () => {
      for (const run of runs) run()
    }
  }

  /** Gives every place of some launches memory of its own. */
  #place(launches: readonly Launch[]) {
    const sizes = new Map<unknown, number>()
    for (const launch of launches)
      for (const [, desc, place] of launch.kind === 'primitive' ? launch.args : []) {
        const bytes = (place.offset ?? 0) + this.#api.bytes(desc)
        sizes.set(owner(place), Math.max(sizes.get(owner(place)) ?? 0, bytes))
      }
    const offsets = new Map<unknown, number>()
    let end = 0
    for (const [who, bytes] of sizes) {
      offsets.set(who, end)
      end += aligned(bytes)
    }
    const offset = (place: Place) => offsets.get(owner(place))! + (place.offset ?? 0)
    return { bytes: end, offset }
  }
}

/** What tells the memory of one place from that of another; all scratch is one piece. */
const owner = (place: Place): unknown =>
  place.kind === 'value' ? place.value : place.kind === 'constant' ? `constant ${place.id}` : 'scratch'

function time(run: () => void): number {
  const begin = performance.now()
  run()
  return performance.now() - begin
}

import { performance } from 'node:perf_hooks'
import type { Api } from './api.js'
import type { Launch, Place } from './kernels.js'
import { addressOf } from './library.js'

const alignment = 64
const aligned = (n: number) => Math.ceil(n / alignment) * alignment

/** Runs until this many milliseconds have passed, but at least and at most so often. */
const [enough, least, most] = [12, 3, 30]

/** Times launches on memory of its own, apart from any program. */
export class Stopwatch {
  readonly #engine: Api
  #memory = new ArrayBuffer(0)

  constructor(engine: Api) {
    this.#engine = engine
  }

  /**
   * The least milliseconds that these primitives take one after the other, or undefined where they include anything but
   * primitives. Stops early once it is plain that they take more than `hopeless`.
   */
  milliseconds(launches: readonly Launch[], hopeless: number): number | undefined {
    const primitives = launches.filter(launch => launch.kind === 'primitive')
    if (primitives.length < launches.length) return undefined
    const addresses = this.#place(primitives.flatMap(({ args }) => args.map(([, desc, place]) => ({ desc, place }))))
    const runs = primitives.map(({ primitive, args }) =>
      this.#engine.bind(
        'measuring',
        primitive,
        args.map(([argument, descriptor, place]) => ({ argument, descriptor, address: addresses(place) })),
      ),
    )
    const time = () => {
      const begin = performance.now()
      for (const run of runs) run()
      return performance.now() - begin
    }
    // The first run touches memory and starts threads: it tells only of what is far too slow.
    const first = time()
    if (first > 4 * hopeless + 1) return first
    let best = Number.POSITIVE_INFINITY
    const begin = performance.now()
    for (let i = 0; i < least || (i < most && performance.now() - begin < enough); i++) best = Math.min(best, time())
    return best
  }

  /** Gives every place memory of its own. */
  #place(tensors: readonly { readonly desc: number; readonly place: Place }[]): (place: Place) => number {
    const sizes = new Map<unknown, number>()
    for (const { desc, place } of tensors) {
      const bytes = (place.kind === 'scratch' ? place.offset : 0) + this.#engine.bytes(desc as never)
      sizes.set(owner(place), Math.max(sizes.get(owner(place)) ?? 0, bytes))
    }
    const offsets = new Map<unknown, number>()
    let end = 0
    for (const [who, bytes] of sizes) {
      offsets.set(who, end)
      end += aligned(bytes)
    }
    if (this.#memory.byteLength < end + alignment) this.#memory = new ArrayBuffer(end + alignment)
    const base = aligned(addressOf(new Uint8Array(this.#memory, 0, 1)))
    return place => base + offsets.get(owner(place))! + (place.kind === 'scratch' ? place.offset : 0)
  }
}

/** What tells the memory of one place from that of another; all scratch is one piece. */
const owner = (place: Place): unknown =>
  place.kind === 'value' ? place.value : place.kind === 'constant' ? `constant ${place.id}` : 'scratch'

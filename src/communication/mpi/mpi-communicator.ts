import os from 'node:os'
import { performance } from 'node:perf_hooks'
import { coresOf, type Place, thisPlace } from '../../base/shared-cores.js'
import { type Communicator, type Exchange, ReplicaLost } from '../communicator.js'
import { Heartbeats } from './heartbeats.js'
import type { Library } from './library.js'
import { addressOf, Calls, MpiFailure, relax } from './native.js'
import { Transfer } from './transfer.js'

/**
 * Milliseconds of a wait in which the processor is only lent, not given away: what comes next is likely to come soon. Few
 * where replicas share processors.
 */
const alert = { crowded: 2, alone: 1000 }

/** Replicas that speak through MPI. A process has one at most, in all its life: MPI cannot begin again. */
export class MpiCommunicator implements Communicator {
  readonly title: string
  readonly rank: number
  readonly size: number
  readonly hosts: readonly string[] = []
  readonly cores: readonly number[] = []
  readonly timeoutSeconds: number
  readonly #grace: number
  readonly traffic = { bytes: 0, waited: 0, advanced: 0 }
  readonly #calls: Calls
  readonly #world: number
  /** Exchanges that replicas begin in the order of their programs. */
  readonly #main: number
  /** Exchanges that begin when others are over: in the same order everywhere, but not with respect to those of the programs. */
  readonly #following: number
  /** All else. */
  readonly #control: number
  readonly #heartbeats: Heartbeats
  /** Whether replicas of this host have to share its processors. */
  readonly #crowded: boolean
  /** What is under way, the oldest first. */
  readonly #flying: { readonly transfer: Transfer; readonly then: (() => void) | undefined }[] = []
  #lost: ReplicaLost | undefined
  /** Whether MPI itself has failed. */
  #broken = false
  #closed = false

  /** @param grace seconds that others wait longer than replica 0, which alone knows whom to name, and saves what there is */
  constructor(library: Library, timeoutSeconds: number, grace = 60) {
    const calls = new Calls(library)
    const { world, errorsReturn, funneled } = library.constants
    calls.cell('initThread', null, null, funneled)
    calls.call('setErrorHandler', world, errorsReturn)
    this.#calls = calls
    this.#world = world
    this.title = library.title
    this.timeoutSeconds = timeoutSeconds
    this.#grace = grace
    this.rank = calls.cell('commRank', world).int
    this.size = calls.cell('commSize', world).int
    const [main, following, control] = [1, 2, 3].map(() => {
      const { handle } = calls.cell('commDup', world)
      calls.call('setErrorHandler', handle, errorsReturn)
      return handle
    })
    this.#main = main!
    this.#following = following!
    this.#control = control!
    this.#crowded = false
    // So that half of the longest wait is enough to tell who is silent.
    const interval = Math.min(1000, (1000 * timeoutSeconds) / 8)
    this.#heartbeats = new Heartbeats(calls, control!, this.rank, this.size, interval)
    const places = this.allGather(Buffer.from(JSON.stringify(thisPlace()))).map(
      text => JSON.parse(Buffer.from(text).toString()) as Place,
    )
    this.hosts = places.map(({ host }) => host)
    this.cores = coresOf(places)
    this.#crowded = this.cores[this.rank]! < 1
  }

  prepareSum(numbers: Float32Array): Exchange {
    const { inPlace, float, sum } = this.#calls.library.constants
    const address = addressOf(numbers)
    return this.#exchange('main', numbers.byteLength, [numbers], undefined, request =>
      this.#calls.call('allReduce', inPlace, address, numbers.length, float, sum, this.#main, request),
    )
  }

  prepareAllToAll(from: Uint8Array, to: Uint8Array, then?: () => void): Exchange {
    const { byte } = this.#calls.library.constants
    const each = from.byteLength / this.size
    const [source, target] = [addressOf(from), addressOf(to)]
    return this.#exchange('main', from.byteLength, [from, to], then, request =>
      this.#calls.call('allToAll', source, each, byte, target, each, byte, this.#main, request),
    )
  }

  prepareAllGather(from: Uint8Array, to: Uint8Array): Exchange {
    const { byte } = this.#calls.library.constants
    const [source, target, each] = [addressOf(from), addressOf(to), from.byteLength]
    return this.#exchange('following', to.byteLength, [from, to], undefined, request =>
      this.#calls.call('allGather', source, each, byte, target, each, byte, this.#following, request),
    )
  }

  #exchange(
    order: 'main' | 'following',
    bytes: number,
    keep: readonly ArrayBufferView[],
    then: (() => void) | undefined,
    start: (request: number) => void,
  ): Exchange {
    const transfer = new Transfer(this.#calls, bytes, keep, start)
    let wanted = 0
    return {
      begin: () => {
        this.#expectOpen()
        const begin = performance.now()
        this.#guarded(() => transfer.start())
        // Of what follows one replica may have begun more than another that is no less far.
        if (order === 'main') this.#heartbeats.began()
        this.#flying.push({ transfer, then })
        this.traffic.bytes += bytes
        this.traffic.advanced += (performance.now() - begin) / 1000
      },
      finish: () => {
        wanted = performance.now()
        this.#wait(() => transfer.done)
        this.traffic.waited += (performance.now() - wanted) / 1000
      },
      get began() {
        return transfer.began
      },
      get wanted() {
        return wanted
      },
      get ended() {
        return transfer.ended
      },
      bytes,
    }
  }

  advance(): void {
    if (this.#flying.length === 0) return
    const begin = performance.now()
    this.#guarded(() => {
      this.#advance()
      this.#heartbeats.beat()
    })
    this.traffic.advanced += (performance.now() - begin) / 1000
  }

  worked(): void {
    if (this.#closed || this.#broken) return
    this.#heartbeats.worked()
    if (this.#lost) this.#beatOn()
    else if (this.#flying.length > 0) this.advance()
    else this.#guarded(() => this.#heartbeats.beat())
  }

  /** Whoever saves what there is when another one is lost must not be taken for lost as well. */
  #beatOn(): void {
    try {
      this.#heartbeats.beat()
    } catch (error) {
      if (!(error instanceof MpiFailure)) throw error
      this.#broken = true
    }
  }

  summon(): void {
    this.#heartbeats.summon()
  }

  get summoned(): boolean {
    return !this.#lost && this.#heartbeats.summoned
  }

  /** MPI moves on all that is under way, whichever it is asked for; so what follows begins in one order everywhere. */
  #advance(): void {
    while (this.#flying[0]?.transfer.test()) this.#flying.shift()!.then?.()
  }

  #wait(over: () => boolean): void {
    this.#expectOpen()
    const begin = performance.now()
    const alertFor = this.#crowded ? alert.crowded : alert.alone
    let judged = begin + 1000 * this.timeoutSeconds
    const isOver = () => {
      this.#advance()
      if (over()) return true
      this.#heartbeats.beat()
      return false
    }
    while (!this.#guarded(isOver)) {
      const now = performance.now()
      if (now > judged) {
        this.#judge(begin, now)
        judged = now + this.#heartbeats.interval
      }
      relax(now - begin > alertFor ? 100 : 0)
    }
  }

  /** Where MPI fails under way, a connection has broken: most likely a replica is gone, and its launcher says which. */
  #guarded<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof MpiFailure)) throw error
      this.#broken = true
      throw (this.#lost = new ReplicaLost(`replica ${this.rank} (${os.hostname()}): ${error.message}`, []))
    }
  }

  /** A wait is long: says who is to blame if it is in vain, as far as can be told from here. */
  #judge(begin: number, now: number): void {
    const seconds = this.timeoutSeconds
    const { ranks, silent } = this.#heartbeats.missingSince(now - 1000 * seconds)
    const isKnown = ranks.length > 0
    const idle = now - Math.max(begin, this.#heartbeats.gotOn)
    if (!isKnown && idle < 1000 * (seconds + (this.rank === 0 ? 0 : this.#grace))) return
    const named = ranks.map(rank => `${rank} (${this.hosts[rank] ?? 'host not known yet'})`).join(', ')
    const whom = isKnown
      ? `missing for ${seconds} s: ${named}, ${silent ? 'not answering' : 'alive, but not getting on'}`
      : this.rank === 0
        ? 'missing: none, all have come: the network carries nothing'
        : "missing: not known to this one: see replica 0's message"
    throw (this.#lost = new ReplicaLost(
      `replica ${this.rank} (${os.hostname()}) has waited ${Math.round((now - begin) / 1000)} s for others; ${whom}; resume from the last checkpoint`,
      ranks,
    ))
  }

  allGather(bytes: Uint8Array): Uint8Array[] {
    const lengths = new Float64Array(this.size)
    this.#gather(new Uint8Array(Float64Array.of(bytes.length).buffer), new Uint8Array(lengths.buffer))
    const most = Math.max(...lengths)
    const [own, all] = [new Uint8Array(most), new Uint8Array(most * this.size)]
    own.set(bytes)
    if (most > 0) this.#gather(own, all)
    return Array.from(lengths, (length, rank) => all.slice(rank * most, rank * most + length))
  }

  #gather(from: Uint8Array, to: Uint8Array): void {
    const { byte } = this.#calls.library.constants
    this.#now([from, to], request =>
      this.#calls.call(
        'allGather',
        addressOf(from),
        from.length,
        byte,
        addressOf(to),
        from.length,
        byte,
        this.#control,
        request,
      ),
    )
  }

  barrier(): void {
    this.#now([], request => this.#calls.call('barrier', this.#control, request))
  }

  /** Begins a transfer and waits for it. */
  #now(keep: readonly ArrayBufferView[], start: (request: number) => void): void {
    const transfer = new Transfer(this.#calls, 0, keep, start)
    this.#expectOpen()
    this.#guarded(() => transfer.start())
    this.#heartbeats.began()
    this.#wait(() => transfer.test())
  }

  abort(exitCode: number): never {
    this.#calls.library.call.abort(this.#world, exitCode)
    process.exit(exitCode)
  }

  #expectOpen(): void {
    if (this.#closed) throw new Error('the communicator has been disposed: MPI cannot begin again')
    // Nothing more can be exchanged.
    if (this.#lost) throw this.#lost
  }

  /** MPI ends when all replicas have come here. */
  [Symbol.dispose](): void {
    if (this.#closed || this.#lost) return
    this.#heartbeats.close(over => this.#wait(over))
    this.barrier()
    this.#closed = true
    this.#calls.call('finalize')
  }
}

import { performance } from 'node:perf_hooks'
import { addressOf, type Calls } from './native.js'
import { Transfer } from './transfer.js'

/** What one replica hears of another, and tells it. */
interface Line {
  readonly peer: number
  readonly outgoing: Float64Array
  readonly incoming: Float64Array
  readonly send: Transfer
  readonly receive: Transfer
  /** When it was last heard of, in milliseconds. */
  heard: number
  /** When it was last heard that it had got on. */
  gotOn: number
  begun: number
  work: number
  left: boolean
}

/** Places of a message's numbers. */
const [begunAt, workAt, summonsAt, lastAt, length] = [0, 1, 2, 3, 4]

const tag = 1

/**
 * Messages of a few bytes by which replica 0 knows how far the others are, and they how far it is: at most one in
 * `interval` milliseconds, whenever MPI is let work. They hold how many exchanges the sender has begun and how much work
 * it has done between them; so a replica that computes for long is told from one that hangs. Others hear of replica 0
 * alone: what it hears counts as its own work.
 */
export class Heartbeats {
  readonly interval: number
  readonly #isFirst: boolean
  readonly #lines: readonly Line[]
  #next = 0
  #begun = 0
  #work = 0
  /** The number of the exchange that all are asked to come to. */
  #summons = 0
  #closing = false

  constructor(calls: Calls, communicator: number, rank: number, size: number, interval: number) {
    this.interval = interval
    this.#isFirst = rank === 0
    const peers = this.#isFirst ? Array.from({ length: size - 1 }, (_, i) => i + 1) : [0]
    const { byte } = calls.library.constants
    this.#lines = peers.map(peer => {
      // Above 64 bytes, so that the collector never moves them.
      const [outgoing, incoming] = [new Float64Array(16), new Float64Array(16)]
      const bytes = length * outgoing.BYTES_PER_ELEMENT
      const transfer = (how: 'send' | 'receive', view: Float64Array) =>
        new Transfer(calls, bytes, [view], request =>
          calls.call(how, addressOf(view), bytes, byte, peer, tag, communicator, request),
        )
      const [send, receive] = [transfer('send', outgoing), transfer('receive', incoming)]
      receive.start()
      const now = performance.now()
      return { peer, outgoing, incoming, send, receive, heard: now, gotOn: now, begun: 0, work: 0, left: false }
    })
  }

  /** Counts an exchange that this replica has begun; all begin the same ones in the same order. */
  began(): void {
    this.#begun++
  }

  /** Counts a piece of work that this replica has done. */
  worked(): void {
    this.#work++
  }

  /** Asks all to come to this replica's next exchange, whatever they are at. */
  summon(): void {
    this.#summons = this.#begun + 1
    this.#next = 0
  }

  /** Whether another one waits in an exchange for this replica to leave its work. */
  get summoned(): boolean {
    return this.#begun < this.#summons
  }

  /** Says how far this replica is, and listens, if it is time. */
  beat(): void {
    const now = performance.now()
    if (now < this.#next) return
    this.#next = now + this.interval
    for (const line of this.#lines) {
      if (!this.#closing && line.send.test()) this.#say(line, false)
      this.#listen(line, now)
    }
  }

  /** When any of the others was last heard to get on, in milliseconds. */
  get gotOn(): number {
    return Math.max(...this.#lines.map(({ gotOn }) => gotOn))
  }

  /**
   * Whom a wait since `time` is in vain for: those that have not got on since and are silent, or else those that are
   * behind. That is for replica 0 to judge: to the others it seems behind when it waits as they do.
   */
  missingSince(time: number): { readonly ranks: readonly number[]; readonly silent: boolean } {
    const idle = this.#lines.filter(({ left, gotOn }) => !left && gotOn < time)
    const silent = idle.filter(({ heard }) => heard < (time + performance.now()) / 2)
    const behind = this.#isFirst ? idle.filter(({ begun }) => begun < this.#begun) : []
    const missing = silent.length > 0 ? silent : behind
    return { ranks: missing.map(({ peer }) => peer), silent: silent.length > 0 }
  }

  /**
   * The last word, when all exchanges are over; `wait` is called until all others have said theirs. Replica 0 says its
   * own after all others: as long as one of them works, the rest hear of that.
   */
  close(wait: (over: () => boolean) => void): void {
    // Whoever has not taken leave yet is behind.
    this.#begun++
    const haveLeft = () => {
      for (const line of this.#lines) this.#listen(line, performance.now())
      return this.#lines.every(({ left }) => left)
    }
    if (this.#isFirst) wait(haveLeft)
    this.#closing = true
    const areSent = () => this.#lines.every(({ send }) => send.test())
    wait(areSent)
    for (const line of this.#lines) this.#say(line, true)
    wait(() => areSent() && haveLeft())
  }

  #say({ outgoing, send }: Line, last: boolean): void {
    outgoing[begunAt] = this.#begun
    outgoing[workAt] = this.#work
    outgoing[summonsAt] = this.#summons
    outgoing[lastAt] = Number(last)
    send.start()
  }

  /** Takes what has come. After the last word nothing does, so nothing is waited for. */
  #listen(line: Line, now: number): void {
    while (!line.left && line.receive.test()) {
      const { incoming } = line
      line.heard = now
      const [begun, work] = [incoming[begunAt]!, incoming[workAt]!]
      if (begun > line.begun || work > line.work) {
        line.gotOn = now
        if (this.#isFirst) this.#work++
      }
      line.begun = begun
      line.work = work
      this.#summons = Math.max(this.#summons, incoming[summonsAt]!)
      line.left = incoming[lastAt] !== 0
      if (!line.left) line.receive.start()
    }
  }
}

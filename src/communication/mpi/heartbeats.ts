import { performance } from 'node:perf_hooks'
import { addressOf, type Calls } from './native.js'
import { Transfer } from './transfer.js'

/** A message: how many exchanges a replica has begun, and whether it is its last word. */
interface Line {
  readonly peer: number
  readonly outgoing: Float64Array
  readonly incoming: Float64Array
  readonly send: Transfer
  readonly receive: Transfer
  /** When it was last heard of, in milliseconds. */
  heard: number
  begun: number
  left: boolean
}

const tag = 1

/**
 * Messages of a few bytes by which replica 0 knows how far the others are, and they that it is there: at most one in
 * `interval` milliseconds, whenever MPI is let work. They decide nothing but whom to name when a wait has been too long.
 */
export class Heartbeats {
  readonly #interval: number
  readonly #lines: readonly Line[]
  #next = 0
  #closing = false

  constructor(calls: Calls, communicator: number, rank: number, size: number, interval: number) {
    this.#interval = interval
    const peers = rank === 0 ? Array.from({ length: size - 1 }, (_, i) => i + 1) : [0]
    const { byte } = calls.library.constants
    this.#lines = peers.map(peer => {
      // Above 64 bytes, so that the collector never moves them.
      const [outgoing, incoming] = [new Float64Array(16), new Float64Array(16)]
      const transfer = (how: 'send' | 'receive', view: Float64Array) =>
        new Transfer(calls, 16, [view], request =>
          calls.call(how, addressOf(view), 16, byte, peer, tag, communicator, request),
        )
      const [send, receive] = [transfer('send', outgoing), transfer('receive', incoming)]
      receive.start()
      return { peer, outgoing, incoming, send, receive, heard: performance.now(), begun: 0, left: false }
    })
  }

  /** Says that `begun` exchanges have been begun here, and listens, if it is time. */
  beat(begun: number): void {
    const now = performance.now()
    if (now < this.#next || this.#closing) return
    this.#next = now + this.#interval
    for (const line of this.#lines) {
      if (line.send.test()) say(line, begun, false)
      listen(line, now)
    }
  }

  /** Those not heard of since a time in milliseconds; they may be busy. */
  silentSince(time: number): number[] {
    return this.#lines.filter(({ heard }) => heard < time).map(({ peer }) => peer)
  }

  /** Those that have begun fewer exchanges, by their last word. */
  behind(begun: number): number[] {
    return this.#lines.filter(line => line.begun < begun).map(({ peer }) => peer)
  }

  /** The last word, when all exchanges are over; `wait` is called until all others have said theirs. */
  close(begun: number, wait: (over: () => boolean) => void): void {
    this.#closing = true
    wait(() => this.#lines.every(({ send }) => send.test()))
    for (const line of this.#lines) say(line, begun, true)
    wait(() => {
      for (const line of this.#lines) listen(line, performance.now())
      return this.#lines.every(({ send, left }) => send.test() && left)
    })
  }
}

function say({ outgoing, send }: Line, begun: number, last: boolean): void {
  outgoing[0] = begun
  outgoing[1] = Number(last)
  send.start()
}

/** Takes what has come. After the last word nothing does, so nothing is waited for. */
function listen(line: Line, now: number): void {
  while (!line.left && line.receive.test()) {
    line.heard = now
    line.begun = line.incoming[0]!
    line.left = line.incoming[1] !== 0
    if (!line.left) line.receive.start()
  }
}

import { performance } from 'node:perf_hooks'
import { type Calls, Cell } from './native.js'

/** One operation of MPI that does not wait, which can be begun again when it is over. */
export class Transfer {
  readonly bytes: number
  /** What it works on, by addresses that are good as long as these are reachable. */
  readonly views: readonly ArrayBufferView[]
  began = 0
  ended = 0
  /** Whether the last one begun is over. */
  done = true
  readonly #calls: Calls
  readonly #request = new Cell()
  readonly #flag = new Cell()
  readonly #start: (request: number) => void

  /** `start` begins the operation with a request at an address. */
  constructor(calls: Calls, bytes: number, views: readonly ArrayBufferView[], start: (request: number) => void) {
    this.#calls = calls
    this.bytes = bytes
    this.views = views
    this.#start = start
  }

  start(): void {
    if (!this.done) throw new Error('an exchange is begun again before it is finished')
    this.done = false
    this.began = performance.now()
    this.#start(this.#request.address)
  }

  /** Lets MPI work, and says whether this transfer is over. */
  test(): boolean {
    if (this.done) return true
    this.#calls.call('test', this.#request.address, this.#flag.address, this.#calls.library.constants.statusIgnore)
    this.done = this.#flag.int !== 0
    if (this.done) this.ended = performance.now()
    return this.done
  }
}

import koffi from 'koffi'
import { UserError } from '../../base/error.js'
import type { Library } from './library.js'

/** Where a view's bytes are. The view must stay reachable for as long as the address is used. */
export const addressOf = (view: ArrayBufferView): number => Number(koffi.address(view))

/** A place for a handle or a number that MPI writes. Above 64 bytes, so that the collector never moves it. */
export class Cell {
  readonly #words = new BigInt64Array(16)
  readonly #ints = new Int32Array(this.#words.buffer)
  readonly address = addressOf(this.#words)

  /** A handle: an address, or an integer of which the upper half stays zero. */
  get handle(): number {
    return Number(this.#words[0])
  }

  get int(): number {
    return this.#ints[0]!
  }
}

/** An error code of MPI, in its own words. */
export class MpiFailure extends UserError {}

/** Calls MPI and turns its error codes into errors that name the call. */
export class Calls {
  readonly library: Library
  readonly #text = Buffer.alloc(1024)

  constructor(library: Library) {
    this.library = library
  }

  call(name: keyof Library['call'], ...args: Parameters<Library['call'][keyof Library['call']]>): void {
    const code = this.library.call[name](...args)
    if (code !== 0) throw this.error(name, code)
  }

  error(name: string, code: number): MpiFailure {
    const length = new Cell()
    const known = this.library.call.errorString(code, addressOf(this.#text), length.address) === 0
    const words = known ? this.#text.toString('utf8', 0, length.int).replaceAll(/\s+/g, ' ').trim() : `code ${code}`
    return new MpiFailure(`${this.library.title}: ${name}: ${words}; resume from the last checkpoint`)
  }

  /** What a call writes into its last argument. */
  cell(name: keyof Library['call'], ...args: Parameters<Library['call'][keyof Library['call']]>): Cell {
    const cell = new Cell()
    this.call(name, ...args, cell.address)
    return cell
  }
}

const libc = koffi.load(null)
const scheduler = { yield: libc.func('int sched_yield()'), sleep: libc.func('int usleep(uint32_t)') }

/** Lets others have the processor: whoever is ready now, or anybody for some microseconds. */
export function relax(microseconds: number): void {
  if (microseconds === 0) scheduler.yield()
  else scheduler.sleep(microseconds)
}

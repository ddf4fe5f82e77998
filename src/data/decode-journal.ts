const wordsPerEntry = 2

/**
 * Says which images each process of a crew is decoding, in memory that it shares with the one that started it: all that is
 * left to ask when it has crashed. A process has room for a few at a time.
 */
export class DecodeJournal {
  readonly #entries: Int32Array
  readonly #room: number

  /** @param room images that one process may be at */
  constructor(memory: ArrayBuffer, room: number) {
    this.#entries = new Int32Array(memory)
    this.#room = room
  }

  static bytes(workers: number, room: number): number {
    return workers * room * wordsPerEntry * 4
  }

  /** Writes down an image for as long as `work` lasts. */
  async during<T>(worker: number, image: number, work: () => Promise<T>): Promise<T> {
    const place = this.#placesOf(worker).find(at => Atomics.load(this.#entries, at) === 0)
    if (place === undefined) throw new RangeError(`process ${worker} is at more than ${this.#room} images`)
    Atomics.store(this.#entries, place + 1, now())
    Atomics.store(this.#entries, place, image + 1)
    try {
      return await work()
    } finally {
      Atomics.store(this.#entries, place, 0)
    }
  }

  /** What a process is at, or was at when it ended, and for how long by now. */
  underWay(worker: number): { readonly image: number; readonly seconds: number }[] {
    return this.#placesOf(worker).flatMap(at => {
      const image = Atomics.load(this.#entries, at) - 1
      return image < 0 ? [] : [{ image, seconds: (now() - Atomics.load(this.#entries, at + 1)) / 10 }]
    })
  }

  /** To be called when a process has ended. */
  clear(worker: number): void {
    for (const at of this.#placesOf(worker)) Atomics.store(this.#entries, at, 0)
  }

  #placesOf(worker: number): number[] {
    return Array.from({ length: this.#room }, (_, i) => (worker * this.#room + i) * wordsPerEntry)
  }
}

/** Tenths of a second, by a clock that all processes of the machine share. */
const now = (): number => Number(process.hrtime.bigint() / 100_000_000n)

/** A read that takes longer did not come from the system's memory or a fast disk, or the thread was interrupted. */
const slowMilliseconds = 1
/** So many slow reads in a row are the disk. */
const slowInARow = 3
/** So many reads after them are taken for slow. */
const slowReads = 64

/**
 * Decides where to read: a read from the system's memory takes a fifth of what it costs to have another thread do it and
 * to hear of it, while reads from a slow disk are better made several at a time, elsewhere.
 */
export class ReadingPace {
  #slow = 0
  #row = 0

  /** What `read` returns, or undefined where it should rather be read elsewhere. */
  readHere<T>(read: () => T): T | undefined {
    if (this.#slow > 0) {
      this.#slow--
      return undefined
    }
    const start = performance.now()
    try {
      return read()
    } finally {
      this.#row = performance.now() - start > slowMilliseconds ? this.#row + 1 : 0
      if (this.#row >= slowInARow) this.#slow = slowReads
    }
  }
}

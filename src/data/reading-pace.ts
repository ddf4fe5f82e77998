/** A read that takes longer did not come from the system's memory or a fast disk. */
const slowMilliseconds = 1
/** So many reads after a slow one are taken for slow. */
const slowReads = 64

/**
 * Decides where to read: a read from the system's memory takes a fifth of what it costs to have another thread do it and
 * to hear of it, while reads from a slow disk are better made several at a time, elsewhere.
 */
export class ReadingPace {
  #slow = 0

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
      if (performance.now() - start > slowMilliseconds) this.#slow = slowReads
    }
  }
}

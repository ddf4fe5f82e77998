/**
 * Prepares things in order, up to `ahead` of them at a time, so that files are read and decoded on the system's threads
 * while what came before is being used. What `prepare` throws is thrown where its thing would have come.
 */
export async function* inTurn<T, P>(
  things: AsyncIterable<T> | Iterable<T>,
  ahead: number,
  prepare: (thing: T, index: number) => Promise<P>,
): AsyncGenerator<P, void, undefined> {
  const source = Symbol.asyncIterator in things ? things[Symbol.asyncIterator]() : things[Symbol.iterator]()
  const end = Symbol('end')
  const waiting: Promise<P | typeof end>[] = []
  let begun = 0
  const take = async (): Promise<P | typeof end> => {
    const index = begun++
    const next = await source.next()
    return next.done ? end : await prepare(next.value, index)
  }
  try {
    for (;;) {
      while (waiting.length < ahead) {
        const taken = take()
        // A failure is thrown where its turn comes; until then it is no unhandled one.
        taken.catch(() => {})
        waiting.push(taken)
      }
      const prepared = await waiting.shift()!
      if (prepared === end) return
      yield prepared
    }
  } finally {
    await source.return?.()
  }
}

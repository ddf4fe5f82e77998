/** A buffer of a program: how large, and during which steps its content matters. */
export interface Lifetime {
  readonly bytes: number
  /** Index of the step that writes it first. */
  readonly begin: number
  /** Index of the last step that reads or writes it. */
  readonly end: number
}

export interface Plan {
  /** A byte offset per lifetime, multiples of `alignment`. */
  readonly offsets: readonly number[]
  readonly bytes: number
}

/** In which order buffers are placed: each order packs some networks best. */
const orders: readonly ((a: Lifetime, b: Lifetime) => number)[] = [
  (a, b) => b.bytes - a.bytes,
  (a, b) => b.end - b.begin - (a.end - a.begin) || b.bytes - a.bytes,
  (a, b) => (b.end - b.begin) * b.bytes - (a.end - a.begin) * a.bytes,
]

/**
 * Places buffers in one arena so that no two that live at the same time overlap: one after the other, each in the
 * tightest gap among those already placed. By size, by length of life, and by both, largest first; the least arena
 * counts. (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020, greedy by size.)
 */
export function planArena(lifetimes: readonly Lifetime[], alignment = 64): Plan {
  const plans = orders.map(order => placed(lifetimes, order, alignment))
  return plans.reduce((best, plan) => (plan.bytes < best.bytes ? plan : best))
}

function placed(lifetimes: readonly Lifetime[], before: (a: Lifetime, b: Lifetime) => number, alignment: number): Plan {
  const aligned = (n: number) => Math.ceil(n / alignment) * alignment
  const order = lifetimes.map((_, i) => i).sort((a, b) => before(lifetimes[a]!, lifetimes[b]!) || a - b)
  const done: { offset: number; end: number; life: Lifetime }[] = []
  const offsets = new Array<number>(lifetimes.length).fill(0)
  let bytes = 0
  for (const i of order) {
    const life = lifetimes[i]!
    const size = aligned(life.bytes)
    let free = 0
    let best = -1
    let tightest = Number.POSITIVE_INFINITY
    for (const other of done) {
      if (other.life.begin > life.end || other.life.end < life.begin) continue
      const gap = other.offset - free
      if (gap >= size && gap < tightest) {
        best = free
        tightest = gap
      }
      free = Math.max(free, other.end)
    }
    const offset = best >= 0 ? best : free
    offsets[i] = offset
    bytes = Math.max(bytes, offset + size)
    done.splice(lowerBound(done, offset), 0, { offset, end: offset + size, life })
  }
  return { offsets, bytes }
}

function lowerBound(placed: readonly { offset: number }[], offset: number): number {
  let [low, high] = [0, placed.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (placed[middle]!.offset < offset) low = middle + 1
    else high = middle
  }
  return low
}

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

/**
 * Places buffers in one arena so that no two that live at the same time overlap: largest first, each in the tightest
 * gap among those already placed (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference",
 * 2020, greedy by size).
 */
export function planArena(lifetimes: readonly Lifetime[], alignment = 64): Plan {
  const aligned = (n: number) => Math.ceil(n / alignment) * alignment
  const order = lifetimes.map((_, i) => i).sort((a, b) => lifetimes[b]!.bytes - lifetimes[a]!.bytes || a - b)
  const placed: { offset: number; end: number; life: Lifetime }[] = []
  const offsets = new Array<number>(lifetimes.length).fill(0)
  let bytes = 0
  for (const i of order) {
    const life = lifetimes[i]!
    const size = aligned(life.bytes)
    let free = 0
    let best = -1
    let tightest = Number.POSITIVE_INFINITY
    for (const other of placed) {
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
    const at = lowerBound(placed, offset)
    placed.splice(at, 0, { offset, end: offset + size, life })
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

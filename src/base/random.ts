/**
 * Counter-based random numbers: Threefry-2x32 with 20 rounds (Salmon et al., "Parallel Random Numbers: As Easy as
 * 1, 2, 3", SC 2011). A number is a pure function of its key and its place, so there is no state to save, and any
 * worker can compute any number in any order.
 */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number): [number, number] {
  const k2 = k0 ^ k1 ^ 0x1bd11bda
  let x = (c0 + k0) | 0
  let y = (c1 + k1) | 0
  for (let group = 0; group < 5; group++) {
    const even = (group & 1) === 0
    x = (x + y) | 0
    y = rotate(y, even ? 13 : 17) ^ x
    x = (x + y) | 0
    y = rotate(y, even ? 15 : 29) ^ x
    x = (x + y) | 0
    y = rotate(y, even ? 26 : 16) ^ x
    x = (x + y) | 0
    y = rotate(y, even ? 6 : 24) ^ x
    const i = (group + 1) % 3
    x = (x + (i === 0 ? k0 : i === 1 ? k1 : k2)) | 0
    y = (y + (i === 0 ? k1 : i === 1 ? k2 : k0) + group + 1) | 0
  }
  return [x >>> 0, y >>> 0]
}

const rotate = (x: number, n: number): number => (x << n) | (x >>> (32 - n))

/** Folds a path such as ('augment', epoch, index) into a key; different paths give unrelated streams. */
export function deriveKey(seed: number, ...path: readonly (string | number)[]): [number, number] {
  let key: [number, number] = threefry2x32(seed | 0, Math.floor(seed / 2 ** 32) | 0, 0, 0)
  for (const part of path) {
    const [a, b] = typeof part === 'number' ? [part | 0, Math.floor(part / 2 ** 32) | 0] : [fnv1a(part) | 0, -1]
    key = threefry2x32(key[0], key[1], a, b)
  }
  return key
}

/** FNV-1a, 32 bits, of the UTF-8 bytes of `text`. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

/** A stream of numbers drawn in order from one key. Two streams with the same seed and path give the same numbers. */
export class RandomStream {
  readonly #key: readonly [number, number]
  #counter = 0
  #spare: number | undefined

  constructor(seed: number, ...path: readonly (string | number)[]) {
    this.#key = deriveKey(seed, ...path)
  }

  /** An integer uniform in [0, 2³²). */
  uint32(): number {
    if (this.#spare !== undefined) {
      const value = this.#spare
      this.#spare = undefined
      return value
    }
    const [a, b] = threefry2x32(this.#key[0], this.#key[1], this.#counter++, 0)
    this.#spare = b
    return a
  }

  /** A real uniform in [low, high), with 24 random bits. */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * ((this.uint32() >>> 8) / 2 ** 24)
  }

  /** An integer uniform in [0, n); rejection keeps it unbiased. */
  integer(n: number): number {
    if (!(n >= 1 && n <= 2 ** 32)) throw new RangeError(`an integer below ${n}: give a bound from 1 to 2³²`)
    const limit = 2 ** 32 - (2 ** 32 % n)
    for (;;) {
      const value = this.uint32()
      if (value < limit) return value % n
    }
  }

  /** A standard normal deviate (Box–Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()))
    return radius * Math.cos(2 * Math.PI * this.uniform())
  }

  /** From Beta(α, α): a share in [0, 1] that is ½ on average. */
  beta(alpha: number): number {
    // Between logarithms, as with a small α both gammas can be too small for a number.
    const [a, b] = [this.#logGamma(alpha), this.#logGamma(alpha)]
    return 1 / (1 + Math.exp(b - a))
  }

  /** The logarithm of a number from Gamma(α, 1), by Marsaglia and Tsang (ACM TOMS 26, 2000). */
  #logGamma(alpha: number): number {
    if (alpha < 1) return this.#logGamma(alpha + 1) + Math.log(1 - this.uniform()) / alpha
    const d = alpha - 1 / 3
    for (;;) {
      const x = this.normal()
      const v = (1 + x / Math.sqrt(9 * d)) ** 3
      if (v > 0 && Math.log(1 - this.uniform()) < x * x * 0.5 + d * (1 - v + Math.log(v))) return Math.log(d * v)
    }
  }

  /** A uniformly random order of 0 … n−1 (Fisher–Yates). */
  permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i)
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1)
      const held = order[i]!
      order[i] = order[j]!
      order[j] = held
    }
    return order
  }
}

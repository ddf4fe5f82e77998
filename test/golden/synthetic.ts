import { fnv1a } from '../../src/base/random.js'
import { type Shape, sizeOf } from '../../src/base/shape.js'

// The formula "synth-1" of README.md: weights and images that need no file.

/** What a tensor is, which decides the law of its numbers. */
export type Kind = 'conv_in' | 'conv' | 'linear' | 'bias' | 'bn_weight' | 'bn_bias' | 'bn_mean' | 'bn_var' | 'bn_count'

/** The gain of each kind of weight. */
export type Gains = Readonly<Record<'conv_in' | 'conv' | 'linear', number>>

/** Wellons' lowbias32: every bit of the result depends on every bit of x. */
function mix(x: number): number {
  const a = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  const b = Math.imul(a ^ (a >>> 15), 0x846ca68b)
  return b ^ (b >>> 16)
}

/** 32 random bits for place `index` of the stream `seed`. */
export const hash = (seed: number, index: number): number =>
  mix((mix(Math.imul(index, 0x9e3779b1) ^ seed) + seed) | 0) >>> 0

/** A number in [0, 1) with 24 random bits. */
export const uniform = (seed: number, index: number): number => (hash(seed, index) >>> 8) / 2 ** 24

/** The numbers of the tensor `key`. `shiftOffset` is added to norm shifts. */
export function synthesise(
  key: string,
  shape: Shape,
  kind: Kind,
  gains: Gains,
  shiftOffset: number,
  into: Float32Array = new Float32Array(sizeOf(shape)),
): Float32Array {
  const seed = fnv1a(key)
  const { from, of, less, times } = lawOf(kind, shape, gains, shiftOffset)
  for (let i = 0; i < into.length; i++) into[i] = from + (of * uniform(seed, i) - less) * times
  return into
}

/** from + (of · u − less) · times, where u is uniform in [0, 1). */
interface Law {
  readonly from: number
  readonly of: 1 | 2
  readonly less: 0 | 1
  readonly times: number
}

function lawOf(kind: Kind, shape: Shape, gains: Gains, shiftOffset: number): Law {
  switch (kind) {
    case 'conv_in':
    case 'conv':
    case 'linear':
      return { from: 0, of: 2, less: 1, times: Math.sqrt(6 / sizeOf(shape.slice(1))) * gains[kind] }
    case 'bn_bias':
      return { from: shiftOffset, of: 2, less: 1, times: 0.1 }
    case 'bias':
    case 'bn_mean':
      return { from: 0, of: 2, less: 1, times: 0.1 }
    case 'bn_weight':
      return { from: 0.8, of: 1, less: 0, times: 0.4 }
    case 'bn_var':
      return { from: 0.5, of: 1, less: 0, times: 1 }
    case 'bn_count':
      return { from: 0, of: 1, less: 0, times: 0 }
  }
}

/** A triangle wave of period 512 between 0 and 255. */
function triangle(t: number): number {
  const phase = t & 511
  return phase < 256 ? phase : 511 - phase
}

/** How much of each wave and of the blocks goes into image n, in eighths; by n modulo 4. */
const mixtures = [
  { first: 2, second: 2, blocks: 3 },
  { first: 1, second: 0, blocks: 6 },
  { first: 3, second: 3, blocks: 1 },
  { first: 0, second: 2, blocks: 5 },
] as const

/** Image n: height·width·3 bytes, rows of RGB. */
export function synthesiseImage(n: number, height: number, width: number): Uint8Array {
  const pixels = new Uint8Array(height * width * 3)
  const [waves, blocks, noise] = ['image.params', 'image.blocks', 'image.noise'].map(fnv1a) as [number, number, number]
  const mixture = mixtures[n % 4]!
  const blockShift = 5 - (n % 4)
  for (let c = 0; c < 3; c++) {
    const plane = n * 3 + c
    const bits = hash(waves, plane)
    const field = (at: number, length: number) => (bits >>> at) & ((1 << length) - 1)
    const [xRate, yRate, phase] = [1 + field(0, 3), 1 + field(3, 3), field(6, 9)]
    const [xSlow, ySlow, phaseSlow] = [1 + field(15, 2), 1 + field(17, 2), field(19, 9)]
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const first = triangle(xRate * x + yRate * y + phase)
        const second = triangle(xSlow * x + ySlow * (4096 - y) + phaseSlow)
        const block = hash(blocks, (plane * 256 + (y >> blockShift)) * 256 + (x >> blockShift)) & 255
        const grain = hash(noise, ((n * height + y) * width + x) * 3 + c) & 31
        const sum = mixture.first * first + mixture.second * second + mixture.blocks * block
        pixels[(y * width + x) * 3 + c] = (sum >> 3) + grain
      }
  }
  return pixels
}

/** FNV-1a, 32 bits, of bytes: the files' checksum. */
export function checksum(bytes: Uint8Array): number {
  let sum = 0x811c9dc5
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193)
  return sum >>> 0
}

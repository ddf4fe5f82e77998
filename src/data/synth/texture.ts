/**
 * Patterns of two tones: from 0 to 1 at a place (u, v), both measured in periods of the pattern. `sharp` is the length
 * of a period in pixels; the transition between the tones takes about one pixel whatever it is.
 */
export const textures = {
  stripes: (u: number, _v: number, sharp: number): number => soft(wave(u), sharp),

  checks: (u: number, v: number, sharp: number): number => soft(wave(u * 0.8) * wave(v * 0.8), sharp),

  dots: (u: number, v: number, sharp: number): number => {
    const row = Math.floor(v)
    const a = u + 0.5 * row - Math.floor(u + 0.5 * row) - 0.5
    const b = v - row - 0.5
    return soft((0.11 - a * a - b * b) * 4, sharp)
  },

  zigzag: (u: number, v: number, sharp: number): number => soft(wave(u + 0.45 * wave(v * 0.55)), sharp),

  blots: (u: number, v: number, sharp: number): number => {
    const x = Math.floor(u * 1.5)
    const y = Math.floor(v * 1.5)
    const fx = ease(u * 1.5 - x)
    const fy = ease(v * 1.5 - y)
    const above = grain(x, y) + (grain(x + 1, y) - grain(x, y)) * fx
    const below = grain(x, y + 1) + (grain(x + 1, y + 1) - grain(x, y + 1)) * fx
    return soft((above + (below - above) * fy - 0.5) * 2.5, sharp)
  },
} as const satisfies Record<string, (u: number, v: number, sharp: number) => number>

/** The name of a pattern. */
export type Texture = keyof typeof textures

/** All patterns in a fixed order. */
export const textureNames = ['stripes', 'checks', 'dots', 'zigzag', 'blots'] as const satisfies readonly Texture[]

/** A triangle wave of period 1 between −1 and 1. */
function wave(x: number): number {
  const rest = x - Math.floor(x) - 0.5
  return 4 * (rest < 0 ? -rest : rest) - 1
}

function soft(x: number, sharp: number): number {
  const y = 0.5 + x * sharp * 0.25
  return y < 0 ? 0 : Math.min(y, 1)
}

const ease = (x: number) => x * x * (3 - 2 * x)

const grain = (x: number, y: number) => hash32(Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca77)) / 2 ** 32

/** Mixes 32 bits; neighbouring inputs give unrelated outputs. */
export function hash32(input: number): number {
  let x = input ^ (input >>> 16)
  x = Math.imul(x, 0x7feb352d)
  x ^= x >>> 15
  x = Math.imul(x, 0x846ca68b)
  return (x ^ (x >>> 16)) >>> 0
}

import type { RandomStream } from '../base/random.js'

/** What stands where something was erased: `pixel`, `rand` and `const` are timm's words. */
export const eraseModes = ['pixel', 'rand', 'const'] as const
export type EraseMode = (typeof eraseModes)[number]

const area = [0.02, 1 / 3] as const
const logAspect = [Math.log(0.3), Math.log(1 / 0.3)] as const
const attempts = 10

/**
 * Random erasing (Zhong et al., arXiv:1708.04896) as timm has it: with a probability, a rectangle with an area uniform in
 * [2 %, ⅓] of the image's and an aspect log-uniform in [0.3, 3⅓] is filled with normal noise, a colour an image of normal
 * noise (`rand`), or grey. The noise has deviation 1 where the image lies in [−1, 1], so it leaves that range.
 *
 * @param out [size, size, 3], in place
 */
export function eraseRectangle(
  out: Float32Array,
  size: number,
  { probability, mode }: { readonly probability: number; readonly mode: EraseMode },
  random: RandomStream,
): void {
  if (random.uniform() >= probability) return
  for (let attempt = 0; attempt < attempts; attempt++) {
    const target = random.uniform(...area) * size * size
    const aspect = Math.exp(random.uniform(...logAspect))
    const height = Math.round(Math.sqrt(target * aspect))
    const width = Math.round(Math.sqrt(target / aspect))
    if (width >= size || height >= size) continue
    const top = random.integer(size - height + 1)
    const left = random.integer(size - width + 1)
    const noiseOf = fillers[mode](random)
    for (let y = top; y < top + height; y++)
      for (let x = left; x < left + width; x++) for (let c = 0; c < 3; c++) out[(y * size + x) * 3 + c] = noiseOf(c)
    return
  }
}

/** The value of the next pixel's channel. */
const fillers: { readonly [M in EraseMode]: (random: RandomStream) => (channel: number) => number } = {
  pixel: random => () => random.normal(),
  rand: random => {
    const colour = [random.normal(), random.normal(), random.normal()]
    return channel => colour[channel]!
  },
  const: () => () => 0,
}

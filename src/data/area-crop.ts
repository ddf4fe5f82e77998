import type { RandomStream } from '../base/random.js'
import type { Rectangle } from './crop.js'

const area = [0.08, 1] as const
const aspect = [3 / 4, 4 / 3] as const
const attempts = 10

/**
 * A random crop by the law of torchvision's and timm's `RandomResizedCrop`: uniform in area, log-uniform in width over
 * height. Where ten tries fit nowhere, the largest central crop with a lawful aspect.
 */
export function areaCrop(width: number, height: number, random: RandomStream): Rectangle {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const target = random.uniform(...area) * width * height
    const ratio = Math.exp(random.uniform(Math.log(aspect[0]), Math.log(aspect[1])))
    const w = Math.round(Math.sqrt(target * ratio))
    const h = Math.round(Math.sqrt(target / ratio))
    // timm lets a side of 0 through, and fails when it resizes it.
    if (w < 1 || h < 1 || w > width || h > height) continue
    const y = random.integer(height - h + 1)
    return { x: random.integer(width - w + 1), y, width: w, height: h }
  }
  const ratio = width / height
  const w = ratio > aspect[1] ? Math.round(height * aspect[1]) : width
  const h = ratio < aspect[0] ? Math.round(width / aspect[0]) : height
  return { x: Math.floor((width - w) / 2), y: Math.floor((height - h) / 2), width: w, height: h }
}

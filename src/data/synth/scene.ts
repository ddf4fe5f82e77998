import { RandomStream } from '../../base/random.js'
import { type Shape, shapeNames, shapes } from './shape.js'
import { hash32, type Texture, textureNames, textures } from './texture.js'

/** Which picture to draw. The same scene gives the same bytes on every machine. */
export interface Scene {
  readonly seed: number
  readonly split: 'train' | 'val'
  /** A name from {@link classNames}. */
  readonly className: string
  /** The number of the picture within its class and split. */
  readonly index: number
  /** Pixels a side. */
  readonly size: number
  /** 0 … 1: contrast, pose, clutter, occlusion, lighting and noise all follow it. */
  readonly difficulty: number
}

/** A drawn scene and the JPEG quality it is to be stored with. */
export interface Picture {
  /** [size, size, 3] */
  readonly rgb: Uint8Array
  readonly quality: number
}

type Colour = readonly [number, number, number]

/** One thing in the picture, from its middle, in pixels. */
interface Patch {
  readonly shape: Shape
  readonly texture: Texture
  readonly x: number
  readonly y: number
  readonly radius: number
  /** Height over width of the outline. */
  readonly aspect: number
  readonly shear: number
  /** Unit vectors: where the outline and the pattern point. */
  readonly pose: readonly [number, number]
  readonly grain: readonly [number, number]
  readonly period: number
  readonly phase: readonly [number, number]
  readonly tones: readonly [Colour, Colour]
}

/** Most classes that {@link classNames} can name. */
export const maximumClasses = shapeNames.length * textureNames.length

/**
 * Names `count` classes, each a shape with a texture. From 6 on shapes recur with different textures, and from 10 on
 * every shape and every texture is in at least two classes: neither alone tells the class.
 */
export function classNames(count: number): string[] {
  return Array.from({ length: count }, (_, k) => {
    const shape = k % shapeNames.length
    const texture = (shape + Math.floor(k / shapeNames.length)) % textureNames.length
    return `${shapeNames[shape]!}-${textureNames[texture]!}`
  }).sort()
}

/** Draws one picture: background, clutter, the object the class names, occluders, light and noise. */
export function draw(scene: Scene): Picture {
  const { seed, split, className, index, size, difficulty: hard } = scene
  const random = new RandomStream(seed, 'synth', split, className, index)
  const [shapeName, textureName] = className.split('-')
  const shape = shapeNames.find(name => name === shapeName)
  const texture = textureNames.find(name => name === textureName)
  if (shape === undefined || texture === undefined) throw new RangeError(`no class is named '${className}'`)

  const canvas = new Float64Array(size * size * 3)
  paintBackground(canvas, size, hard, random)
  const clutter = random.integer(2 + Math.round(12 * hard))
  for (let i = 0; i < clutter; i++) {
    const radius = random.uniform(0.05, 0.09 + 0.09 * hard)
    paint(canvas, size, {
      ...randomPose(size, hard, random),
      shape: pick(shapeNames, random),
      texture: pick(textureNames, random),
      x: random.uniform() * size,
      y: random.uniform() * size,
      radius: radius * size,
      period: random.uniform(0.06, 0.14) * size,
      tones: randomTones(0.2, random),
    })
  }
  paint(canvas, size, {
    ...randomPose(size, hard, random),
    shape,
    texture,
    x: (0.5 + random.uniform(-1, 1) * (0.04 + 0.1 * hard)) * size,
    y: (0.5 + random.uniform(-1, 1) * (0.04 + 0.1 * hard)) * size,
    radius: random.uniform(0.38 - 0.14 * hard, 0.46) * size,
    period: random.uniform(0.09, 0.14) * size,
    tones: randomTones(0.6 - 0.4 * hard, random),
  })
  const occluders = random.integer(1 + Math.round(4 * hard))
  for (let i = 0; i < occluders; i++) {
    const colour = randomColour(random)
    paint(canvas, size, {
      ...randomPose(size, hard, random),
      shape: 'square',
      texture: 'stripes',
      x: random.uniform(0.15, 0.85) * size,
      y: random.uniform(0.15, 0.85) * size,
      radius: random.uniform(0.04, 0.08) * size,
      aspect: random.uniform(3, 8),
      period: size,
      tones: [colour, colour],
    })
  }
  return { rgb: expose(canvas, size, hard, random), quality: 60 + random.integer(36) }
}

function randomPose(size: number, hard: number, random: RandomStream) {
  return {
    aspect: 1 + random.uniform(-0.35, 0.35) * hard,
    shear: random.uniform(-0.35, 0.35) * hard,
    pose: direction(random.uniform()),
    grain: direction(random.uniform()),
    phase: [random.uniform() * size, random.uniform() * size],
  } as const
}

const pick = <T>(from: readonly T[], random: RandomStream): T => from[random.integer(from.length)]!

const randomColour = (random: RandomStream): Colour => [random.uniform(), random.uniform(), random.uniform()]

/** Two colours whose channels differ by `contrast` on average. */
function randomTones(contrast: number, random: RandomStream): readonly [Colour, Colour] {
  for (;;) {
    const a = randomColour(random)
    const b = randomColour(random)
    if (Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]) + Math.abs(a[2] - b[2]) >= 3 * contrast) return [a, b]
  }
}

/** A blend of two colours across the picture, often with a faint pattern, so that a pattern alone is no sign of the object. */
function paintBackground(canvas: Float64Array, size: number, hard: number, random: RandomStream): void {
  const from = randomColour(random)
  const to = randomColour(random)
  const [dx, dy] = direction(random.uniform())
  const strength = random.uniform() < 0.8 * hard ? random.uniform(0.1, 0.5) : 0
  const pattern = textures[pick(textureNames, random)]
  const [gx, gy] = direction(random.uniform())
  const period = random.uniform(0.07, 0.2) * size
  const tint = randomColour(random)
  for (let y = 0, o = 0; y < size; y++)
    for (let x = 0; x < size; x++, o += 3) {
      const blend = 0.5 + 0.7 * (((x + 0.5) / size - 0.5) * dx + ((y + 0.5) / size - 0.5) * dy)
      const u = (x * gx + y * gy) / period
      const v = (y * gx - x * gy) / period
      const tone = strength === 0 ? 0 : strength * pattern(u, v, period)
      canvas[o] = mix(mix(from[0], to[0], blend), tint[0], tone)
      canvas[o + 1] = mix(mix(from[1], to[1], blend), tint[1], tone)
      canvas[o + 2] = mix(mix(from[2], to[2], blend), tint[2], tone)
    }
}

function paint(canvas: Float64Array, size: number, patch: Patch): void {
  const { x, y, radius, aspect, shear, period, phase } = patch
  const [cos, sin] = patch.pose
  const [gx, gy] = patch.grain
  const [a, b] = patch.tones
  const outline = shapes[patch.shape]
  const pattern = textures[patch.texture]
  // No outline reaches further than 1.2 from its middle, before it is stretched and sheared.
  const reach = 1.2 * radius * Math.max(1, aspect) * (1 + Math.abs(shear)) + 1
  const left = Math.max(0, Math.floor(x - reach))
  const right = Math.min(size, Math.ceil(x + reach))
  const bottom = Math.min(size, Math.ceil(y + reach))
  for (let row = Math.max(0, Math.floor(y - reach)); row < bottom; row++)
    for (let column = left; column < right; column++) {
      const dx = column + 0.5 - x
      const dy = row + 0.5 - y
      const qy = (dy * cos - dx * sin) / (radius * aspect)
      const qx = (dx * cos + dy * sin) / radius + shear * qy
      const cover = 0.5 - outline(qx, qy) * radius
      if (cover <= 0) continue
      const u = (dx * gx + dy * gy + phase[0]) / period
      const v = (dy * gx - dx * gy + phase[1]) / period
      const tone = pattern(u, v, period)
      const alpha = Math.min(cover, 1)
      const o = (row * size + column) * 3
      canvas[o] = mix(canvas[o]!, mix(a[0], b[0], tone), alpha)
      canvas[o + 1] = mix(canvas[o + 1]!, mix(a[1], b[1], tone), alpha)
      canvas[o + 2] = mix(canvas[o + 2]!, mix(a[2], b[2], tone), alpha)
    }
}

/** Light that falls off across the picture, then noise, then bytes. */
function expose(canvas: Float64Array, size: number, hard: number, random: RandomStream): Uint8Array {
  // Clamped: rounds to the nearest and holds within 0 … 255.
  const rgb = new Uint8ClampedArray(canvas.length)
  const [lx, ly] = direction(random.uniform())
  const fall = random.uniform(0, 1.2) * hard
  const bright = 1 + random.uniform(-0.3, 0.2) * hard
  const noise = random.uniform(0, 44) * hard
  const key = random.uint32()
  for (let y = 0, o = 0; y < size; y++)
    for (let x = 0; x < size; x++, o += 3) {
      const light = bright * (1 + fall * (((x + 0.5) / size - 0.5) * lx + ((y + 0.5) / size - 0.5) * ly))
      const word = hash32((o + key) | 0)
      for (let c = 0; c < 3; c++) {
        const speck = ((word >>> (c * 10)) & 1023) / 1023 - 0.5
        rgb[o + c] = canvas[o + c]! * light * 255 + speck * noise
      }
    }
  return new Uint8Array(rgb.buffer)
}

/** From `a` at 0 to `b` at 1. */
const mix = (a: number, b: number, share: number) => a + (b - a) * share

/** The unit vector at `turns` of a circle, by the sine's series on an eighth of it, where it is good to nine digits. */
function direction(turns: number): readonly [number, number] {
  const eighths = turns * 4
  const quarter = Math.floor(eighths + 0.5)
  const x = (eighths - quarter) * 1.5707963267948966
  const xx = x * x
  const sin = x * (1 - (xx / 6) * (1 - (xx / 20) * (1 - (xx / 42) * (1 - xx / 72))))
  const cos = 1 - (xx / 2) * (1 - (xx / 12) * (1 - (xx / 30) * (1 - (xx / 56) * (1 - xx / 90))))
  switch (quarter & 3) {
    case 0:
      return [cos, sin]
    case 1:
      return [-sin, cos]
    case 2:
      return [-cos, -sin]
    default:
      return [sin, -cos]
  }
}

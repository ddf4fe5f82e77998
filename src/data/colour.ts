import type { RandomStream } from '../base/random.js'

/** `fast`: brightness and saturation; `full`: hue and contrast as well; `none`: colours stay. */
export type ColourDistortion = 'fast' | 'full' | 'none'

const brightest = 32 / 255
const hueTurn = 0.2
const halfToThreeHalves = [0.5, 1.5] as const

/** One operation of a distortion: what is added, multiplied by, or turned by. */
export interface ColourStep {
  readonly operation: 'brightness' | 'saturation' | 'hue' | 'contrast'
  readonly amount: number
}

type Operation = ColourStep['operation']

const orders: Readonly<Record<Exclude<ColourDistortion, 'none'>, readonly (readonly Operation[])[]>> = {
  fast: [
    ['brightness', 'saturation'],
    ['saturation', 'brightness'],
    ['saturation', 'brightness'],
    ['saturation', 'brightness'],
  ],
  full: [
    ['brightness', 'saturation', 'hue', 'contrast'],
    ['saturation', 'brightness', 'contrast', 'hue'],
    ['contrast', 'hue', 'brightness', 'saturation'],
    ['hue', 'saturation', 'contrast', 'brightness'],
  ],
}

const amounts: Readonly<Record<Operation, readonly [number, number]>> = {
  brightness: [-brightest, brightest],
  saturation: halfToThreeHalves,
  hue: [-hueTurn, hueTurn],
  contrast: halfToThreeHalves,
}

/**
 * Draws the steps of TF-Slim's `distort_color`. An order of the operations is drawn from four; in fast mode one of them
 * puts brightness first and three put saturation first. `none` draws nothing.
 */
export function drawColour(mode: ColourDistortion, random: RandomStream): ColourStep[] {
  if (mode === 'none') return []
  const order = orders[mode][random.integer(4)]!
  return order.map(operation => ({ operation, amount: random.uniform(...amounts[operation]) }))
}

const operations: Readonly<Record<Operation, (pixels: Float32Array, amount: number) => void>> = {
  brightness: shiftBrightness,
  saturation: scaleSaturation,
  hue: turnHue,
  contrast: scaleContrast,
}

/**
 * Random colour distortion in place, as TF-Slim's `distort_color`; see {@link drawColour}. Values may leave [0, 1]: Slim
 * clips once, after all of it.
 *
 * @param pixels [n, 3], red, green, blue in [0, 1]
 */
export function distortColour(pixels: Float32Array, mode: ColourDistortion, random: RandomStream): void {
  for (const { operation, amount } of drawColour(mode, random)) operations[operation](pixels, amount)
}

/** Adds `delta` to every channel. */
export function shiftBrightness(pixels: Float32Array, delta: number): void {
  for (let i = 0; i < pixels.length; i++) pixels[i] = pixels[i]! + delta
}

/**
 * Multiplies the saturation of HSV by `factor`, the product held within [0, 1]. Hue and value stay, so every channel
 * keeps its place between the largest channel and the others and no trip to HSV and back is needed: with value v and
 * saturation s = range / v, channel c becomes v − (v − c)·min(factor, 1/s). A pixel with v ≤ 0 becomes grey, as
 * TensorFlow's kernel takes its saturation for 0.
 */
export function scaleSaturation(pixels: Float32Array, factor: number): void {
  for (let i = 0; i < pixels.length; i += 3) {
    const r = pixels[i]!
    const g = pixels[i + 1]!
    const b = pixels[i + 2]!
    const value = Math.max(r, g, b)
    const range = value - Math.min(r, g, b)
    if (range === 0) continue
    const ratio = value <= 0 ? 0 : range * factor > value ? value / range : factor
    pixels[i] = value - (value - r) * ratio
    pixels[i + 1] = value - (value - g) * ratio
    pixels[i + 2] = value - (value - b) * ratio
  }
}

/** Turns the hue by `delta` of a full circle; the largest and the smallest channel keep their values. */
export function turnHue(pixels: Float32Array, delta: number): void {
  for (let i = 0; i < pixels.length; i += 3) {
    const r = pixels[i]!
    const g = pixels[i + 1]!
    const b = pixels[i + 2]!
    const high = Math.max(r, g, b)
    const low = Math.min(r, g, b)
    const range = high - low
    if (range === 0) continue
    const sixth = high === r ? (g - b) / range : high === g ? (b - r) / range + 2 : (r - g) / range + 4
    // In [0, 6) after the turn: even sectors rise from one primary to the next, odd ones fall.
    const turned = (((sixth + delta * 6) % 6) + 6) % 6
    const sector = Math.min(Math.floor(turned), 5)
    const within = turned - sector
    const middle = low + range * (sector % 2 === 0 ? within : 1 - within)
    pixels[i] = sector === 0 || sector === 5 ? high : sector === 1 || sector === 4 ? middle : low
    pixels[i + 1] = sector === 1 || sector === 2 ? high : sector === 0 || sector === 3 ? middle : low
    pixels[i + 2] = sector === 3 || sector === 4 ? high : sector === 2 || sector === 5 ? middle : low
  }
}

/** Moves every channel away from (or towards) its own mean over the image: (x − mean)·factor + mean. */
export function scaleContrast(pixels: Float32Array, factor: number): void {
  for (let channel = 0; channel < 3; channel++) {
    let sum = 0
    for (let i = channel; i < pixels.length; i += 3) sum += pixels[i]!
    const mean = sum / (pixels.length / 3)
    for (let i = channel; i < pixels.length; i += 3) pixels[i] = (pixels[i]! - mean) * factor + mean
  }
}

// A training sample, one row at a time. A row is three planes of floats, red, green and blue, each `plane` bytes long: a
// multiple of 16, so that every plane is whole vectors. What stands behind a row's last pixel is never read as a pixel.
import { greyOr, turned } from './colour'

/** Memory from here on is the caller's. */
export function base(): usize {
  return __heap_base
}

/** Two pixels of three bytes each and their neighbours to the right: eight bytes from each of two offsets. */
@inline
function pairs(pixels: usize, offsets: usize): v128 {
  return v128.load64_lane(pixels + load<u32>(offsets, 4), v128.load64_zero(pixels + load<u32>(offsets)), 1)
}

/** One channel in [0, 1], rounded as TensorFlow's `convert_image_dtype` rounds it. */
@inline
function channel(pixels: v128, shift: i32): v128 {
  const level = v128.and(i32x4.shr_u(pixels, shift), i32x4.splat(0xff))
  return f32x4.mul(f32x4.convert_i32x4_s(level), f32x4.splat(<f32>(1.0 / 255.0)))
}

@inline
function lerp(a: v128, b: v128, weight: v128): v128 {
  return f32x4.add(a, f32x4.mul(f32x4.sub(b, a), weight))
}

/**
 * Resizes a row of 8-bit pixels to the floats of `row`. The tables hold, for each pixel of the result, the byte offset of
 * its left neighbour and the weight of the right one. The row's `last` pixel is its own neighbour: what stands behind it
 * gives way to it for as long as this takes. Up to five bytes behind the last pixel are read.
 */
export function across(pixels: usize, last: usize, left: usize, weights: usize, row: usize, plane: usize): void {
  const behind = pixels + last + 3, held = load<u32>(behind)
  store<u32>(behind, load<u32>(pixels + last))
  for (let i: usize = 0; i < plane; i += 16) {
    const first = pairs(pixels, left + i), second = pairs(pixels, left + i + 8)
    const l = v128.shuffle<i32>(first, second, 0, 2, 4, 6)
    const r = v128.shuffle<i32>(i64x2.shr_u(first, 24), i64x2.shr_u(second, 24), 0, 2, 4, 6)
    const weight = v128.load(weights + i), to = row + i
    v128.store(to, lerp(channel(l, 0), channel(r, 0), weight))
    v128.store(to + plane, lerp(channel(l, 8), channel(r, 8), weight))
    v128.store(to + 2 * plane, lerp(channel(l, 16), channel(r, 16), weight))
  }
  store<u32>(behind, held)
}

/** Lays a row between two others: `upper` where `weight` is 0, `lower` where it is 1. */
export function between(upper: usize, lower: usize, weight: f32, row: usize, plane: usize): void {
  const w = f32x4.splat(weight)
  for (let i: usize = 0; i < 3 * plane; i += 16)
    v128.store(row + i, lerp(v128.load(upper + i), v128.load(lower + i), w))
}

export function brightness(row: usize, plane: usize, delta: f32): void {
  const d = f32x4.splat(delta)
  for (let i: usize = 0; i < 3 * plane; i += 16) v128.store(row + i, f32x4.add(v128.load(row + i), d))
}

export function saturation(row: usize, plane: usize, factor: f32): void {
  const f = f32x4.splat(factor)
  for (let i: usize = 0; i < plane; i += 16) {
    const red = row + i, green = red + plane, blue = green + plane
    const r = v128.load(red), g = v128.load(green), b = v128.load(blue)
    const value = f32x4.pmax(f32x4.pmax(r, g), b)
    const range = f32x4.sub(value, f32x4.pmin(f32x4.pmin(r, g), b))
    const ratio = greyOr(value, v128.bitselect(f32x4.div(value, range), f, f32x4.gt(f32x4.mul(range, f), value)))
    v128.store(red, f32x4.sub(value, f32x4.mul(f32x4.sub(value, r), ratio)))
    v128.store(green, f32x4.sub(value, f32x4.mul(f32x4.sub(value, g), ratio)))
    v128.store(blue, f32x4.sub(value, f32x4.mul(f32x4.sub(value, b), ratio)))
  }
}

export function hue(row: usize, plane: usize, delta: f32): void {
  const sixths = f32x4.splat(delta * 6)
  for (let i: usize = 0; i < plane; i += 16) turned(row + i, plane, sixths)
}

/** The sum of the first `count` floats at `values`. */
export function sum(values: usize, count: usize): f64 {
  let low = f64x2.splat(0), high = f64x2.splat(0)
  const vectors = count & ~3
  let i: usize = 0
  for (; i < vectors; i += 4) {
    const four = v128.load(values + (i << 2))
    low = f64x2.add(low, f64x2.promote_low_f32x4(four))
    high = f64x2.add(high, f64x2.promote_low_f32x4(i8x16.shuffle(four, four, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15)))
  }
  const both = f64x2.add(low, high)
  let total = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1)
  for (; i < count; i++) total += <f64>load<f32>(values + (i << 2))
  return total
}

/** Contrast in one plane of a row, whose channel has this mean over the image. */
export function contrast(values: usize, plane: usize, mean: f32, factor: f32): void {
  const m = f32x4.splat(mean), f = f32x4.splat(factor)
  for (let i: usize = 0; i < plane; i += 16)
    v128.store(values + i, f32x4.add(f32x4.mul(f32x4.sub(v128.load(values + i), m), f), m))
}

/** Clips to [0, 1] and brings to [−1, 1]. */
@inline
function toNetworkRange(x: v128): v128 {
  const clipped = f32x4.pmin(f32x4.pmax(x, f32x4.splat(0)), f32x4.splat(1))
  return f32x4.mul(f32x4.sub(clipped, f32x4.splat(0.5)), f32x4.splat(2))
}

/** Writes a row as the network takes it: clipped, in [−1, 1], pixel by pixel. Whole vectors: 3·`plane` bytes. */
export function finish(row: usize, plane: usize, out: usize): void {
  for (let i: usize = 0; i < plane; i += 16) {
    const r = toNetworkRange(v128.load(row + i))
    const g = toNetworkRange(v128.load(row + i + plane))
    const b = toNetworkRange(v128.load(row + i + 2 * plane))
    const to = out + 3 * i
    const rg01 = v128.shuffle<f32>(r, g, 0, 4, 1, 5), rg23 = v128.shuffle<f32>(r, g, 2, 6, 3, 7)
    v128.store(to, v128.shuffle<f32>(rg01, b, 0, 1, 4, 2))
    v128.store(to, v128.shuffle<f32>(v128.shuffle<f32>(rg01, b, 3, 5, 3, 5), rg23, 0, 1, 4, 5), 16)
    v128.store(to, v128.shuffle<f32>(rg23, b, 6, 2, 3, 7), 32)
  }
}

/** 0 where the value is not positive, as TensorFlow takes the saturation of such a pixel; else `ratio`. */
@inline
export function greyOr(value: v128, ratio: v128): v128 {
  return v128.and(ratio, f32x4.gt(value, f32x4.splat(0)))
}

/** Where `mask` is set `a`, else `b`. */
@inline
function pick(mask: v128, a: v128, b: v128): v128 {
  return v128.bitselect(a, b, mask)
}

/** Turns the hue of four pixels by so many sixths of a circle. */
@inline
export function turned(red: usize, plane: usize, sixths: v128): void {
  const green = red + plane, blue = green + plane
  const r = v128.load(red), g = v128.load(green), b = v128.load(blue)
  const high = f32x4.pmax(f32x4.pmax(r, g), b), low = f32x4.pmin(f32x4.pmin(r, g), b)
  const range = f32x4.sub(high, low)
  const isRed = f32x4.eq(high, r), isGreen = f32x4.eq(high, g)
  const rise = pick(isRed, f32x4.sub(g, b), pick(isGreen, f32x4.sub(b, r), f32x4.sub(r, g)))
  const primary = pick(isRed, f32x4.splat(0), pick(isGreen, f32x4.splat(2), f32x4.splat(4)))
  const place = f32x4.add(f32x4.add(f32x4.div(rise, range), primary), sixths)
  const six = f32x4.splat(6), one = f32x4.splat(1)
  const round = f32x4.sub(place, f32x4.mul(f32x4.floor(f32x4.div(place, six)), six))
  // In [0, 6), or 6 where a number just below 0 was rounded: even sectors rise from one primary to the next, odd ones fall.
  const sector = f32x4.pmin(f32x4.floor(round), f32x4.splat(5))
  const within = f32x4.sub(round, sector)
  const is0 = f32x4.eq(sector, f32x4.splat(0)), is1 = f32x4.eq(sector, one), is2 = f32x4.eq(sector, f32x4.splat(2))
  const is3 = f32x4.eq(sector, f32x4.splat(3)), is4 = f32x4.eq(sector, f32x4.splat(4)), is5 = f32x4.eq(sector, f32x4.splat(5))
  const rises = v128.or(v128.or(is0, is2), is4)
  const middle = f32x4.add(low, f32x4.mul(range, pick(rises, within, f32x4.sub(one, within))))
  // Grey has no hue: what came of dividing by its range of 0 is not stored.
  const grey = f32x4.eq(range, f32x4.splat(0))
  v128.store(red, pick(grey, r, pick(v128.or(is0, is5), high, pick(v128.or(is1, is4), middle, low))))
  v128.store(green, pick(grey, g, pick(v128.or(is1, is2), high, pick(v128.or(is0, is3), middle, low))))
  v128.store(blue, pick(grey, b, pick(v128.or(is3, is4), high, pick(v128.or(is2, is5), middle, low))))
}

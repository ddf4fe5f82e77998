import { put, take } from './lanes'
import { countOf, operand, scalar, splat } from './row'

// All averages are written x += (1 − d)·(y − x), as TensorFlow's kernels do: with d·x + (1 − d)·y the two rounded
// factors do not add up to 1, which for d = 0.9999 settles 2·10⁻⁴ away from the mean.

@inline
function towards(from: v128, to: v128, share: v128): v128 {
  return f32x4.add(from, f32x4.mul(share, f32x4.sub(to, from)))
}

/** gradScale·(g + weightDecay·w) */
@inline
function gradient(g: v128, w: v128, weightDecay: v128, gradScale: v128): v128 {
  return f32x4.mul(gradScale, f32x4.add(g, f32x4.mul(weightDecay, w)))
}

@inline
function rmspropStep(
  i: usize, w: usize, g: usize, ms: usize, mom: usize, avg: usize,
  lr: v128, share: v128, eps: v128, momentum: v128, weightDecay: v128, gradScale: v128, avgShare: v128,
  averaged: bool, whole: bool,
): void {
  const weight = take(w + i, whole)
  const slope = gradient(take(g + i, whole), weight, weightDecay, gradScale)
  const square = towards(take(ms + i, whole), f32x4.mul(slope, slope), share)
  const step = f32x4.add(
    f32x4.mul(momentum, take(mom + i, whole)),
    f32x4.div(f32x4.mul(lr, slope), f32x4.sqrt(f32x4.add(square, eps))),
  )
  const moved = f32x4.sub(weight, step)
  put(ms + i, square, whole)
  put(mom + i, step, whole)
  put(w + i, moved, whole)
  if (averaged) put(avg + i, towards(take(avg + i, whole), moved, avgShare), whole)
}

@inline
function rmspropLoop(row: usize, averaged: bool): void {
  const w = operand(row, 0), g = operand(row, 1), ms = operand(row, 2), mom = operand(row, 3), avg = operand(row, 4)
  const lr = splat(scalar(row, 0)), share = splat(1 - scalar(row, 1)), eps = splat(scalar(row, 2))
  const momentum = splat(scalar(row, 3)), weightDecay = splat(scalar(row, 4)), gradScale = splat(scalar(row, 5))
  const avgShare = splat(averaged ? 1 - scalar(row, 6) : 0)
  const n = countOf(row)
  const vectors = (n & ~3) << 2, end = n << 2
  let i: usize = 0
  for (; i < vectors; i += 16)
    rmspropStep(i, w, g, ms, mom, avg, lr, share, eps, momentum, weightDecay, gradScale, avgShare, averaged, true)
  for (; i < end; i += 4)
    rmspropStep(i, w, g, ms, mom, avg, lr, share, eps, momentum, weightDecay, gradScale, avgShare, averaged, false)
}

/** (w, g, ms, mom, avg or 0; lr, decay, eps, momentum, weightDecay, gradScale, avgDecay) */
export function rmsprop(row: usize): void {
  if (operand(row, 4)) rmspropLoop(row, true)
  else rmspropLoop(row, false)
}

@inline
function momentumStep(
  i: usize, w: usize, g: usize, mom: usize, avg: usize,
  lr: v128, momentum: v128, weightDecay: v128, gradScale: v128, avgShare: v128,
  averaged: bool, whole: bool,
): void {
  const weight = take(w + i, whole)
  const slope = gradient(take(g + i, whole), weight, weightDecay, gradScale)
  const sum = f32x4.add(f32x4.mul(momentum, take(mom + i, whole)), slope)
  const moved = f32x4.sub(weight, f32x4.mul(lr, sum))
  put(mom + i, sum, whole)
  put(w + i, moved, whole)
  if (averaged) put(avg + i, towards(take(avg + i, whole), moved, avgShare), whole)
}

@inline
function momentumLoop(row: usize, averaged: bool): void {
  const w = operand(row, 0), g = operand(row, 1), mom = operand(row, 2), avg = operand(row, 3)
  const lr = splat(scalar(row, 0)), momentum = splat(scalar(row, 1))
  const weightDecay = splat(scalar(row, 2)), gradScale = splat(scalar(row, 3))
  const avgShare = splat(averaged ? 1 - scalar(row, 4) : 0)
  const n = countOf(row)
  const vectors = (n & ~3) << 2, end = n << 2
  let i: usize = 0
  for (; i < vectors; i += 16)
    momentumStep(i, w, g, mom, avg, lr, momentum, weightDecay, gradScale, avgShare, averaged, true)
  for (; i < end; i += 4)
    momentumStep(i, w, g, mom, avg, lr, momentum, weightDecay, gradScale, avgShare, averaged, false)
}

/** (w, g, mom, avg or 0; lr, momentum, weightDecay, gradScale, avgDecay) */
export function momentum(row: usize): void {
  if (operand(row, 3)) momentumLoop(row, true)
  else momentumLoop(row, false)
}

/** (avg, src; decay) */
export function movingAverage(row: usize): void {
  const avg = operand(row, 0), src = operand(row, 1)
  const share = splat(1 - scalar(row, 0))
  const n = countOf(row)
  const vectors = (n & ~3) << 2, end = n << 2
  let i: usize = 0
  for (; i < vectors; i += 16) put(avg + i, towards(take(avg + i, true), take(src + i, true), share), true)
  for (; i < end; i += 4) put(avg + i, towards(take(avg + i, false), take(src + i, false), share), false)
}

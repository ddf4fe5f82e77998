import { put, take } from './lanes'
import { countOf, operand, scalar, splat } from './row'

/** (dst; value) */
export function fill(row: usize): void {
  const dst = operand(row, 0), n = countOf(row)
  const single = <f32>scalar(row, 0)
  const value = f32x4.splat(single)
  const vectors = (n & ~3) << 2, end = n << 2
  // The engine's own fill is several times faster than a loop of stores, and gradients are zeroed at every step.
  if (reinterpret<u32>(single) == 0) return memory.fill(dst, 0, end)
  let i: usize = 0
  for (; i < vectors; i += 16) put(dst + i, value, true)
  for (; i < end; i += 4) put(dst + i, value, false)
}

/** (dst, src) → src */
export function copy(row: usize): void {
  memory.copy(operand(row, 0), operand(row, 1), countOf(row) << 2)
}

/** (dst; factor) → dst·factor */
export function scale(row: usize): void {
  const dst = operand(row, 0), factor = splat(scalar(row, 0)), n = countOf(row)
  const vectors = (n & ~3) << 2, end = n << 2
  let i: usize = 0
  for (; i < vectors; i += 16) put(dst + i, f32x4.mul(take(dst + i, true), factor), true)
  for (; i < end; i += 4) put(dst + i, f32x4.mul(take(dst + i, false), factor), false)
}

/** (dst, src) → dst + src */
export function add(row: usize): void {
  const dst = operand(row, 0), src = operand(row, 1), n = countOf(row)
  const vectors = (n & ~3) << 2, end = n << 2
  let i: usize = 0
  for (; i < vectors; i += 16) put(dst + i, f32x4.add(take(dst + i, true), take(src + i, true)), true)
  for (; i < end; i += 4) put(dst + i, f32x4.add(take(dst + i, false), take(src + i, false)), false)
}

import { countOf, operand } from './row'

/** The bfloat16 nearest to each lane, ties to even, in the lower 16 bits; a NaN keeps its sign and becomes quiet. */
@inline
function rounded(value: v128): v128 {
  const half = i32x4.shr_u(value, 16)
  const odd = v128.and(half, i32x4.splat(1))
  const nearest = i32x4.shr_u(i32x4.add(i32x4.add(value, i32x4.splat(0x7fff)), odd), 16)
  return v128.bitselect(v128.or(half, i32x4.splat(0x40)), nearest, f32x4.ne(value, value))
}

/** (dst bf16, src f32) */
export function toBf16(row: usize): void {
  const dst = operand(row, 0), src = operand(row, 1), n = countOf(row)
  const vectors = n & ~7
  let i: usize = 0
  for (; i < vectors; i += 8) {
    const from = src + (i << 2)
    v128.store(dst + (i << 1), i16x8.narrow_i32x4_u(rounded(v128.load(from)), rounded(v128.load(from, 16))))
  }
  for (; i < n; i++) v128.store16_lane(dst + (i << 1), rounded(v128.load32_zero(src + (i << 2))), 0)
}

/** (dst f32, src bf16) */
export function toF32(row: usize): void {
  const dst = operand(row, 0), src = operand(row, 1), n = countOf(row)
  const vectors = n & ~7
  let i: usize = 0
  for (; i < vectors; i += 8) {
    const halves = v128.load(src + (i << 1)), to = dst + (i << 2)
    v128.store(to, i32x4.shl(i32x4.extend_low_i16x8_u(halves), 16))
    v128.store(to, i32x4.shl(i32x4.extend_high_i16x8_u(halves), 16), 16)
  }
  for (; i < n; i++) store<u32>(dst + (i << 2), <u32>load<u16>(src + (i << 1)) << 16)
}

/** (dst f32, src bf16) → dst + src */
export function addBf16(row: usize): void {
  const dst = operand(row, 0), src = operand(row, 1), n = countOf(row)
  const vectors = n & ~7
  let i: usize = 0
  for (; i < vectors; i += 8) {
    const halves = v128.load(src + (i << 1)), to = dst + (i << 2)
    v128.store(to, f32x4.add(v128.load(to), i32x4.shl(i32x4.extend_low_i16x8_u(halves), 16)))
    v128.store(to, f32x4.add(v128.load(to, 16), i32x4.shl(i32x4.extend_high_i16x8_u(halves), 16)), 16)
  }
  for (; i < n; i++) {
    const to = dst + (i << 2)
    store<f32>(to, load<f32>(to) + reinterpret<f32>(<u32>load<u16>(src + (i << 1)) << 16))
  }
}

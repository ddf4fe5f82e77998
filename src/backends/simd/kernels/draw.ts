// The meaning is `draw` in backends/initialise.ts; here eight elements at a time: four counters in the lanes of one
// vector give the first words, for elements 0–3, and the second words, for elements 4–7.
import { P0, P1, P2, P3, P4, P5, P6, Q1, Q2, Q3, Q4, Q5 } from '../../normal-quantile'
import { countOf, firstOf, operand, scalar } from './row'

/** y turned left by `bits`, exclusive-or x: the second half of a round of Threefry. */
@inline
function mixed(y: v128, x: v128, bits: i32): v128 {
  return v128.xor(v128.or(i32x4.shl(y, bits), i32x4.shr_u(y, 32 - bits)), x)
}

@inline
function term(c: f64, t: v128, rest: v128): v128 {
  return f64x2.add(f64x2.splat(c), f64x2.mul(t, rest))
}

/** `truncatedNormalQuantile` of backends/normal-quantile.ts, in the same order. */
@inline
function quantile(v: v128): v128 {
  const t = f64x2.mul(v, v)
  const p = term(P0, t, term(P1, t, term(P2, t, term(P3, t, term(P4, t, term(P5, t, f64x2.splat(P6)))))))
  const q = term(1, t, term(Q1, t, term(Q2, t, term(Q3, t, term(Q4, t, f64x2.splat(Q5))))))
  return f64x2.div(f64x2.mul(v, p), q)
}

/** The values of the lower two words. */
@inline
function pair(words: v128, scale: v128, normal: bool): v128 {
  const v = f64x2.mul(f64x2.add(f64x2.convert_low_i32x4_s(words), f64x2.splat(0.5)), f64x2.splat(1.0 / 4294967296.0))
  return f32x4.demote_f64x2_zero(f64x2.mul(normal ? quantile(v) : v, scale))
}

/** The values of four words. */
@inline
function values(words: v128, scale: v128, normal: bool): v128 {
  const low = pair(words, scale, normal)
  const high = pair(v128.shuffle<i32>(words, words, 2, 3, 2, 3), scale, normal)
  return v128.shuffle<i32>(low, high, 0, 1, 4, 5)
}

@inline
function draw(row: usize, factor: f64, normal: bool): void {
  const dst = operand(row, 0), n = countOf(row)
  const scale = f64x2.splat(factor)
  const a = <i32>(<u32>scalar(row, 0)), b = <i32>(<u32>scalar(row, 1))
  const k0 = i32x4.splat(a), k1 = i32x4.splat(b), k2 = i32x4.splat(a ^ b ^ 0x1bd11bda)
  // Chunks begin at multiples of eight.
  let counter = i32x4.add(i32x4.splat(<i32>(firstOf(row) >> 1)), i32x4(0, 1, 2, 3))
  for (let i: usize = 0; i < n; i += 8, counter = i32x4.add(counter, i32x4.splat(4))) {
    let x = i32x4.add(counter, k0), y = k1
    x = i32x4.add(x, y); y = mixed(y, x, 13)
    x = i32x4.add(x, y); y = mixed(y, x, 15)
    x = i32x4.add(x, y); y = mixed(y, x, 26)
    x = i32x4.add(x, y); y = mixed(y, x, 6)
    x = i32x4.add(x, k1); y = i32x4.add(y, i32x4.add(k2, i32x4.splat(1)))
    x = i32x4.add(x, y); y = mixed(y, x, 17)
    x = i32x4.add(x, y); y = mixed(y, x, 29)
    x = i32x4.add(x, y); y = mixed(y, x, 16)
    x = i32x4.add(x, y); y = mixed(y, x, 24)
    x = i32x4.add(x, k2); y = i32x4.add(y, i32x4.add(k0, i32x4.splat(2)))
    x = i32x4.add(x, y); y = mixed(y, x, 13)
    x = i32x4.add(x, y); y = mixed(y, x, 15)
    x = i32x4.add(x, y); y = mixed(y, x, 26)
    x = i32x4.add(x, y); y = mixed(y, x, 6)
    x = i32x4.add(x, k0); y = i32x4.add(y, i32x4.add(k1, i32x4.splat(3)))
    x = i32x4.add(x, y); y = mixed(y, x, 17)
    x = i32x4.add(x, y); y = mixed(y, x, 29)
    x = i32x4.add(x, y); y = mixed(y, x, 16)
    x = i32x4.add(x, y); y = mixed(y, x, 24)
    x = i32x4.add(x, k1); y = i32x4.add(y, i32x4.add(k2, i32x4.splat(4)))
    x = i32x4.add(x, y); y = mixed(y, x, 13)
    x = i32x4.add(x, y); y = mixed(y, x, 15)
    x = i32x4.add(x, y); y = mixed(y, x, 26)
    x = i32x4.add(x, y); y = mixed(y, x, 6)
    x = i32x4.add(x, k2); y = i32x4.add(y, i32x4.add(k0, i32x4.splat(5)))
    const first = values(x, scale, normal), second = values(y, scale, normal)
    const to = dst + (i << 2)
    if (i + 8 <= n) {
      v128.store(to, first)
      v128.store(to, second, 16)
    } else putSome(to, first, second, n - i)
  }
}

/** Stores the first `count` of eight floats, fewer than all. */
function putSome(to: usize, first: v128, second: v128, count: usize): void {
  let rest = first
  for (let i: usize = 0; i < count; i++) {
    if (i == 4) rest = second
    v128.store32_lane(to + (i << 2), rest, 0)
    rest = v128.shuffle<i32>(rest, rest, 1, 2, 3, 0)
  }
}

/** (dst; key, key, limit) */
export function uniform(row: usize): void {
  draw(row, 2 * scalar(row, 2), false)
}

/** (dst; key, key, deviation) */
export function truncatedNormal(row: usize): void {
  draw(row, scalar(row, 2), true)
}

// Read by two compilers: TypeScript's, and AssemblyScript's for the kernels. So there is one list of coefficients, and
// nothing but + − × ÷, which IEEE 754 rounds alike everywhere; a logarithm's last bit would be the engine's choice.
//
// The standard normal distribution cut off at two deviations, by its quantile function: for v in (−½, ½),
//     z(v) = Φ⁻¹(½ + v·(Φ(2) − Φ(−2))) ≈ v·P(v²)/Q(v²)
// with P of degree 6 and Q of degree 5. They are the minimax fit of the relative error, by iterated reweighted least
// squares (Lawson) in 50 digits at 400 Chebyshev points of v² in [0, ¼]: at most 2.5·10⁻¹⁰, a two-hundredth of f32's
// rounding. z(½) is below 2 by 5·10⁻¹⁰, so no draw passes the cut.

export const P0 = 2.392576026048503
export const P1 = -29.000367657959263
export const P2 = 132.72645877549746
export const P3 = -279.08728738855586
export const P4 = 253.84422627519356
export const P5 = -63.089752627827465
export const P6 = -7.17391050970813
export const Q1 = -13.075050740535046
export const Q2 = 66.03728939846216
export const Q3 = -159.38520363734364
export const Q4 = 180.80874625160183
export const Q5 = -74.87171660903341

/** The standard normal deviate, cut off at ±2, that a share ½ + v of all draws lie below. `v` lies in (−½, ½). */
export function truncatedNormalQuantile(v: number): number {
  const t = v * v
  const p = P0 + t * (P1 + t * (P2 + t * (P3 + t * (P4 + t * (P5 + t * P6)))))
  const q = 1.0 + t * (Q1 + t * (Q2 + t * (Q3 + t * (Q4 + t * Q5))))
  return (v * p) / q
}

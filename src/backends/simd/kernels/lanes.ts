// Whole vectors and tails go through the same vector arithmetic: a tail element is loaded into lane 0 and stored from
// it. So an element's result does not depend on where a chunk begins or ends.

/** Four floats at `address`, or one in lane 0 with zeros after it. */
@inline
export function take(address: usize, whole: bool): v128 {
  return whole ? v128.load(address) : v128.load32_zero(address)
}

/** Stores four floats, or lane 0. */
@inline
export function put(address: usize, value: v128, whole: bool): void {
  if (whole) v128.store(address, value)
  else v128.store32_lane(address, value, 0)
}

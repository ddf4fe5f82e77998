import type { Extent } from './messages.js'

/**
 * The key of a slice in a table (EncodeTensorNameSlice in tensorflow/core/util/saved_tensor_slice_util.cc): 0, the
 * tensor's name, the number of axes and every axis' start and length, in an encoding whose order as bytes is that of the
 * values (tensorflow/core/lib/strings/ordered_code.cc). A whole axis has the length −1.
 */
export function sliceKey(name: string, extents: readonly Extent[]): Buffer {
  return Buffer.concat([
    Buffer.of(0),
    orderedString(name),
    orderedCount(extents.length),
    ...extents.flatMap(({ start, length }) => [orderedNumber(start), orderedNumber(length ?? -1)]),
  ])
}

/** Whether a key is a slice's and not a tensor's name. */
export const isSliceKey = (key: Uint8Array): boolean => key[0] === 0

/** 0 and 255 are escaped by a byte behind them, and 0, 1 ends the string. */
function orderedString(text: string): Buffer {
  const bytes: number[] = []
  for (const byte of Buffer.from(text)) {
    bytes.push(byte)
    if (byte === 0) bytes.push(255)
    else if (byte === 255) bytes.push(0)
  }
  return Buffer.of(...bytes, 0, 1)
}

/** The number of bytes, then the bytes, highest first and without leading zeros. */
function orderedCount(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Buffer.of(bytes.length, ...bytes)
}

/** Two's complement, highest byte first, in the fewest bytes n that leave the first n bits to the sign, then inverted. */
function orderedNumber(value: number): Buffer {
  const number = BigInt(value)
  const magnitude = number < 0n ? ~number : number
  let length = 1
  while (magnitude >= 1n << BigInt(7 * length - 1)) length++
  const header = ((1n << BigInt(length)) - 1n) << BigInt(7 * length)
  const code = BigInt.asUintN(8 * length, number) ^ header
  return Buffer.from(code.toString(16).padStart(2 * length, '0'), 'hex')
}

// Pickles of protocol 2 put together from parts, each the bytes that leave one value on the stack (Lib/pickletools.py).

export type Part = Buffer

const bytes = (...parts: readonly (number | string | Uint8Array)[]): Part =>
  Buffer.concat(parts.map(part => (typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part))))

export const none: Part = bytes('N')
export const bool = (value: boolean): Part => bytes(value ? 0x88 : 0x89)

export function text(value: string): Part {
  const encoded = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(encoded.length)
  return bytes('X', length, encoded)
}

/** A whole number as the shortest instruction that holds it. */
export function whole(value: number | bigint): Part {
  const n = BigInt(value)
  if (n >= 0n && n < 256n) return bytes('K', Number(n))
  if (n >= 0n && n < 65536n) return bytes('M', Number(n & 255n), Number(n >> 8n))
  const word = Buffer.alloc(4)
  if (BigInt.asIntN(32, n) === n) {
    word.writeInt32LE(Number(n))
    return bytes('J', word)
  }
  const long: number[] = []
  for (let rest = n; ; rest >>= 8n) {
    long.push(Number(rest & 255n))
    if (rest >= -128n && rest < 128n) return bytes(0x8a, long.length, Buffer.from(long))
  }
}

export function float(value: number): Part {
  const word = Buffer.alloc(8)
  word.writeDoubleBE(value)
  return bytes('G', word)
}

export const tuple = (...items: readonly Part[]): Part => bytes('(', ...items, 't')
export const list = (...items: readonly Part[]): Part => bytes('](', ...items, 'e')
export const dict = (...pairs: readonly (readonly [Part, Part])[]): Part => bytes('}(', ...pairs.flat(), 'u')
export const global = (module: string, name: string): Part => bytes(`c${module}\n${name}\n`)
export const call = (callee: Part, ...args: readonly Part[]): Part => bytes(callee, tuple(...args), 'R')
export const persistent = (id: Part): Part => bytes(id, 'Q')
export const store = (place: number, part: Part): Part => bytes(part, 'q', place)
export const recall = (place: number): Part => bytes('h', place)
export const withState = (object: Part, state: Part): Part => bytes(object, state, 'b')

export const orderedDict = (...pairs: readonly (readonly [Part, Part])[]): Part =>
  bytes(call(global('collections', 'OrderedDict')), '(', ...pairs.flat(), 'u')

export const pickle = (value: Part): Buffer => bytes(0x80, 2, value, '.')

import type { Fail } from './file-error.js'

/** Tar files come in blocks: a header is one, and data is padded to whole ones. */
export const blockBytes = 512

/** A header as it stands, before what an extended header says of it. */
export interface TarHeader {
  readonly name: string
  /** Of the data, in bytes. */
  readonly size: number
  /** POSIX's type flag, as a character. */
  readonly type: string
}

const text = new TextDecoder()

/**
 * Reads one header block of a tar file: POSIX.1-1988's ustar with its name prefix, GNU's with large numbers, and the old
 * form without either (IEEE Std 1003.1, pax, "ustar Interchange Format"). Returns undefined for a block of zeros, which
 * ends an archive. Errors: what `fail` throws where the checksum or a number is wrong.
 */
export function parseTarHeader(block: Uint8Array, fail: Fail): TarHeader | undefined {
  if (block.every(byte => byte === 0)) return undefined
  if (checksumOf(block) !== number(block.subarray(148, 156), 'checksum', fail))
    return fail('has a header that fails its checksum')
  const magic = text.decode(block.subarray(257, 263))
  const name = string(block.subarray(0, 100))
  // GNU's form has other fields in the place of the prefix.
  const prefix = magic === 'ustar\0' ? string(block.subarray(345, 500)) : ''
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    size: number(block.subarray(124, 136), 'size', fail),
    type: block[156] === 0 ? '0' : String.fromCharCode(block[156]!),
  }
}

/** The sum of all bytes, those of the checksum itself counted as spaces. */
function checksumOf(block: Uint8Array): number {
  let sum = 8 * 0x20
  for (let i = 0; i < blockBytes; i++) if (i < 148 || i >= 156) sum += block[i]!
  return sum
}

const string = (field: Uint8Array): string => {
  const end = field.indexOf(0)
  return text.decode(end < 0 ? field : field.subarray(0, end))
}

/** Octal digits, or with the top bit set GNU's big-endian binary. */
function number(field: Uint8Array, what: string, fail: Fail): number {
  if (field[0]! & 0x80) return binary(field, what, fail)
  const digits = string(field).trim()
  if (!/^[0-7]*$/.test(digits)) return fail(`has a ${what} that is no number`)
  return digits === '' ? 0 : Number.parseInt(digits, 8)
}

function binary(field: Uint8Array, what: string, fail: Fail): number {
  let value = BigInt(field[0]! & 0x7f)
  for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte)
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : fail(`has a ${what} that is out of range`)
}

/**
 * The records of a pax extended header, `<length> <key>=<value>\n` each; the length counts the whole record.
 * Errors: what `fail` throws for a record of another form.
 */
export function parsePaxRecords(data: Uint8Array, fail: Fail): ReadonlyMap<string, string> {
  const records = new Map<string, string>()
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at)
    const digits = text.decode(data.subarray(at, space < 0 ? at : Math.min(space, at + 12)))
    const end = at + Number(digits)
    const equals = data.indexOf(0x3d, space)
    const sound =
      /^[1-9]\d*$/.test(digits) && end <= data.length && data[end - 1] === 0x0a && equals > space && equals < end
    if (!sound) return fail('has a damaged extended header')
    records.set(text.decode(data.subarray(space + 1, equals)), text.decode(data.subarray(equals + 1, end - 1)))
    at = end
  }
  return records
}

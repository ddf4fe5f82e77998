import { InputFile } from '../input-file.js'

/** Where an HDF5 file lies: a file, a part of a file (an archive's entry that is not compressed), or memory. */
export type SectionPlace =
  | { readonly file: string; readonly offset: number; readonly length: number }
  | { readonly bytes: Uint8Array }

/** Bytes that can be read at any position. */
export interface ByteSection {
  readonly length: number
  /** Copies the bytes from `position` to `target`; returns how many there are, fewer at the end. */
  read(target: Uint8Array, position: number): number
}

/** Opens what `place` names. Errors: `UserError` when the file cannot be read. */
export function openSection(place: SectionPlace): ByteSection {
  if ('bytes' in place) {
    const { bytes } = place
    return {
      length: bytes.length,
      read: (target, position) => {
        const piece = bytes.subarray(position, position + target.length)
        target.set(piece)
        return piece.length
      },
    }
  }
  const { file, offset, length } = place
  const input = new InputFile(file)
  return {
    length,
    read: (target, position) => {
      const count = Math.max(0, Math.min(target.length, length - position))
      if (count > 0) input.readInto(target.subarray(0, count), offset + position)
      return count
    },
  }
}

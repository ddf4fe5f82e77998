import type { ByteSection } from './byte-section.js'

const headerBytes = 16
/** 'GCOL' and version 1, padded. */
const signature = Uint8Array.of(0x47, 0x43, 0x4f, 0x4c, 1, 0, 0, 0)

/**
 * Whether the objects of the heap for texts at `position`, if `start` is the start of one, lie within it (HDF5's format
 * specification, III.E). HDF5 2.0.0 adds their lengths up in 32 bits here and goes round for ever on one that is damaged.
 */
export function isSoundHeap(section: ByteSection, position: number, start: Uint8Array): boolean {
  if (start.length < headerBytes || signature.some((byte, i) => start[i] !== byte)) return true
  const length = Number(new DataView(start.buffer, start.byteOffset).getBigUint64(8, true))
  if (length < headerBytes || length > section.length - position) return false
  const heap = new Uint8Array(length)
  section.read(heap, position)
  const view = new DataView(heap.buffer)
  for (let at = headerBytes; at + headerBytes <= length; ) {
    const size = Number(view.getBigUint64(at + 8, true))
    // What has no number is free space, and its size is with its header.
    const free = view.getUint16(at, true) === 0
    if (size > length - at || (free && size < headerBytes)) return false
    at += free ? size : headerBytes + Math.ceil(size / 8) * 8
  }
  return true
}

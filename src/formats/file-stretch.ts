import type { Codec } from './codecs.js'

/** What a stretch of a file unpacks to, and which of those bytes are meant. */
export interface Packing {
  readonly codec: Codec
  /** Bytes that the stretch unpacks to. */
  readonly unpacked: number
  /** Where, of these, what is meant begins, and how many bytes it has. */
  readonly begin: number
  readonly size: number
}

/** Bytes that can be read by themselves, at any time. */
export interface FileStretch {
  /** Where the stretch begins, in bytes of the file. */
  readonly begin: number
  /** Bytes of the file. */
  readonly size: number
  /** @default the stretch is what is meant */
  readonly packing?: Packing
}

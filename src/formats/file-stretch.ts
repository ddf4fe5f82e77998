/** The ways in which a stretch of a file can be packed; `codecs.ts` unpacks them, with libraries that few need. */
export const codecNames = ['snappy', 'gzip', 'brotli', 'zstd', 'lz4', 'lz4Raw'] as const
export type Codec = (typeof codecNames)[number]

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

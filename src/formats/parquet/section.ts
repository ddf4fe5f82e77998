import { UserError } from '../../base/error.js'
import { formatBytes } from '../../base/format.js'
import { unpack } from '../codecs.js'
import type { Fail } from '../file-error.js'
import type { Codec, FileStretch } from '../file-stretch.js'
import type { InputFile } from '../input-file.js'
import { readSnappyLength, type Seam, snappySeams } from '../snappy.js'

/** Where the values of a page lie. */
export interface SectionExtent {
  /** In the file, in bytes. */
  readonly begin: number
  readonly packed: number
  /** Bytes, once unpacked. */
  readonly size: number
  /** @default they are not packed */
  readonly codec: Codec | undefined
}

/** Every value of a packed page costs as much as all of it, unless it can be divided. */
const mostUnpacked = 64 * 2 ** 20
/** To find where it can be divided it is unpacked whole, once. */
const mostDivided = 2 ** 30
/** What is read at once instead of in small reads. */
const mostAtOnce = 2 ** 20

/** The values of a page, read at any place. What is packed is unpacked when first needed, and kept as long as this is. */
export class Section {
  readonly size: number
  readonly #input: InputFile
  readonly #extent: SectionExtent
  readonly #fail: Fail
  #bytes: Uint8Array | undefined
  /** Where Snappy's elements begin in the file, and where they can be divided. */
  #division: { readonly begin: number; readonly seams: readonly Seam[] } | undefined

  /** Errors: `UserError` where the page is too large to be unpacked for one of its values. */
  constructor(input: InputFile, extent: SectionExtent, fail: Fail) {
    const { codec, packed, size, begin } = extent
    if (codec === undefined && packed !== size) fail(`has a page at byte ${begin} of two sizes`)
    if (codec !== undefined && size > (codec === 'snappy' ? mostDivided : mostUnpacked))
      throw tooLarge(input, codec, size)
    this.size = size
    this.#input = input
    this.#extent = extent
    this.#fail = fail
  }

  /** Bytes in memory that may be shared. Errors: where they are not all there. */
  read(begin: number, size: number): Uint8Array {
    if (size > this.size - begin) return this.#fail(`has a page at byte ${this.#extent.begin} that is cut short`)
    if (this.#extent.codec === undefined && this.size > mostAtOnce)
      return this.#input.read(this.#extent.begin + begin, size)
    this.#bytes ??= this.#load()
    return this.#bytes.subarray(begin, begin + size)
  }

  /** Where bytes can be read by themselves. Errors: as {@link read}. */
  stretch(begin: number, size: number): FileStretch {
    if (size > this.size - begin) return this.#fail(`has a page at byte ${this.#extent.begin} that is cut short`)
    const { codec, begin: at, packed } = this.#extent
    if (codec === undefined) return { begin: at + begin, size }
    if (codec !== 'snappy') return { begin: at, size: packed, packing: { codec, unpacked: this.size, begin, size } }
    this.#bytes ??= this.#load()
    const { begin: elements, seams } = this.#division!
    const from = seams.findLast(({ unpacked }) => unpacked <= begin)!
    const to = seams.find(({ unpacked }) => unpacked >= begin + size)!
    const unpacked = to.unpacked - from.unpacked
    if (unpacked > mostUnpacked) throw tooLarge(this.#input, codec, unpacked)
    const packing = { codec, unpacked, begin: begin - from.unpacked, size }
    return { begin: elements + from.packed, size: to.packed - from.packed, packing }
  }

  #load(): Uint8Array {
    const { codec, begin, packed, size } = this.#extent
    const fail: Fail = reason => this.#fail(`has a page at byte ${begin} that ${reason}`)
    const bytes = this.#input.read(begin, packed)
    if (codec === undefined) return bytes
    if (codec !== 'snappy') return unpack(codec, bytes, size, fail)
    const { value, end } = readSnappyLength(bytes, fail)
    if (Number(value) !== size) return fail('has two sizes')
    const elements = bytes.subarray(end)
    const seamFail: Fail = () => fail('cannot be unpacked (snappy)')
    this.#division = { begin: begin + end, seams: snappySeams(elements, size, seamFail) }
    return unpack(codec, elements, size, fail)
  }
}

const tooLarge = ({ path }: InputFile, codec: Codec, size: number): UserError =>
  new UserError(
    `${path} has ${formatBytes(size)} packed as one (${codec}), all of which would have to be unpacked for each image: write it with smaller groups of rows (row_group_size=100), or uncompressed`,
  )

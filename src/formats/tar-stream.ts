import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { UserError } from '../base/error.js'
import { formatBytes } from '../base/format.js'
import { type Fail, fileError, systemCode } from './file-error.js'
import { InputFile } from './input-file.js'
import { type Extension, extensions, isRegular, mostHeaderBytes } from './tar.js'
import { blockBytes, parseTarHeader } from './tar-header.js'

/** A file in an archive, with its bytes. */
export interface TarMember {
  readonly name: string
  readonly bytes: Uint8Array
}

export interface TarLimits {
  /** Of all that is unpacked, in bytes. */
  readonly mostBytes: number
  /** Of one member. */
  readonly mostMemberBytes: number
}

/**
 * The regular files of a tar archive from one end to the other, unpacked if it is compressed (gzip, told by its first
 * bytes). Holds one member at a time. What is understood is that of `readTar`.
 *
 * Errors: `UserError` naming the file where it is damaged, cut short, or larger than the limits allow.
 */
export async function* streamTar(path: string, limits: TarLimits): AsyncGenerator<TarMember, void, undefined> {
  const refuse: Fail = reason => {
    throw new UserError(`${path} ${reason}: get it again`)
  }
  await using bytes = new ByteStream(piecesOf(path, refuse), limits.mostBytes, refuse)
  let extended: Extension = {}
  for (let isEmpty = true; ; isEmpty = false) {
    const fail: Fail = reason => refuse(`is damaged: the member at byte ${bytes.position} ${reason}`)
    const block = await bytes.take(blockBytes)
    // An archive without its closing zeros has all its members; one cut within them has not.
    if (block.length === 0 && !isEmpty) return
    if (block.length < blockBytes) return fail('is cut short')
    const header = parseTarHeader(block, fail)
    if (!header) return
    const extend = extensions.get(header.type)
    const size = extend ? header.size : (extended.size ?? header.size)
    if (size > (extend ? mostHeaderBytes : limits.mostMemberBytes))
      return refuse(`has a member of ${formatBytes(size)}, too much for what it should hold`)
    const data = await bytes.take(size)
    if (data.length < size) return fail('is cut short')
    await bytes.take(-size & (blockBytes - 1))
    if (extend) extended = { ...extended, ...extend(data, fail) }
    else {
      const name = extended.name ?? header.name
      if (isRegular(header.type, name)) yield { name, bytes: data }
      extended = {}
    }
  }
}

async function* piecesOf(path: string, refuse: Fail): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    const isPacked = isGzip(path)
    const file = createReadStream(path, { highWaterMark: pieceBytes })
    // Errors come out of the stream that is read here.
    yield* isPacked ? pipeline(file, createGunzip({ chunkSize: pieceBytes }), () => {}) : file
  } catch (error) {
    if (systemCode(error)) throw fileError('read', path, error)
    const isDamage = error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')
    if (isDamage) refuse('cannot be unpacked, it is damaged or cut short')
    throw error
  }
}

const pieceBytes = 2 ** 18

function isGzip(path: string): boolean {
  using input = new InputFile(path)
  const [first, second] = input.size >= 2 ? input.read(0, 2) : []
  return first === 0x1f && second === 0x8b
}

/** Takes pieces of any length out of others. */
class ByteStream implements AsyncDisposable {
  /** Bytes taken. */
  position = 0
  readonly #pieces: AsyncIterator<Uint8Array>
  readonly #most: number
  readonly #refuse: Fail
  #rest: Uint8Array = new Uint8Array(0)

  constructor(pieces: AsyncIterable<Uint8Array>, most: number, refuse: Fail) {
    this.#pieces = pieces[Symbol.asyncIterator]()
    this.#most = most
    this.#refuse = refuse
  }

  /** The next `length` bytes; fewer at the end. */
  async take(length: number): Promise<Uint8Array> {
    if (this.position + length > this.#most) this.#refuse(`unpacks to more than ${formatBytes(this.#most)}`)
    const parts: Uint8Array[] = []
    let missing = length
    while (missing > 0) {
      if (this.#rest.length === 0) {
        const { done, value } = await this.#pieces.next()
        if (done) break
        this.#rest = value
      }
      const part = this.#rest.subarray(0, missing)
      this.#rest = this.#rest.subarray(part.length)
      missing -= part.length
      parts.push(part)
    }
    this.position += length - missing
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }

  /** What is not read to its end is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pieces.return?.()
  }
}

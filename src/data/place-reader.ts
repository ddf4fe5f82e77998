import { readFileSync, readSync } from 'node:fs'
import { type FileHandle, open, readFile } from 'node:fs/promises'
import { formatBytes } from '../base/format.js'
import { BadImage } from './bad-image.js'
import { unreadable } from './decode.js'
import type { FilePart, ImagePlace } from './image-place.js'
import type { Place } from './place-list.js'
import { ReadingPace } from './reading-pace.js'
import { UnpackedStretches } from './unpacked-stretches.js'

/** A file that parts are read from. */
interface OpenFile {
  readonly handle: Promise<FileHandle>
  /** Reads under way. */
  users: number
}

/** Of an image; what is larger is none. */
const mostBytes = 2 ** 30

/** More than the shards that a few reads at a time meet, and few enough for any limit on open files. */
const mostFiles = 64

export interface PlaceReaderOptions {
  /** Whether the thread has nothing better to do than to wait for a read that is fast. @default false */
  readonly mayWait?: boolean
}

/** Reads images from the places where they lie. Files that hold many are kept open, a bounded number of them. */
export class PlaceReader {
  readonly #pace: ReadingPace | undefined
  /** The least recently used first. */
  readonly #open = new Map<string, OpenFile>()
  readonly #unpacked = new UnpackedStretches()

  constructor({ mayWait = false }: PlaceReaderOptions = {}) {
    this.#pace = mayWait ? new ReadingPace() : undefined
  }

  /**
   * The bytes of an image, not to be written to.
   *
   * @throws {BadImage} if they cannot be read; what the machine lacks at the moment (open files, memory, a working disk)
   * is no fault of the image and comes as it is
   */
  async read(place: Place): Promise<Uint8Array> {
    try {
      if (!('begin' in place))
        return this.#pace?.readHere(() => readFileSync(place.file)) ?? (await readFile(place.file))
      return await (place.packing
        ? this.#unpacked.read(place, place.packing, () => this.#readPart(place))
        : this.#readPart(place))
    } catch (error) {
      throw error instanceof BadImage ? error : unreadable(error)
    }
  }

  /** To be called when no read is under way. */
  async close(): Promise<void> {
    const files = [...this.#open.values()]
    this.#open.clear()
    this.#unpacked.clear()
    await Promise.all(files.map(closeFile))
  }

  async #readPart({ file, begin, size }: FilePart): Promise<Uint8Array> {
    const opened = this.#take(file)
    try {
      const handle = await opened.handle
      if (size > mostBytes) throw new BadImage(`it has more than ${formatBytes(mostBytes)}`)
      const bytes = new Uint8Array(size)
      for (let done = 0; done < size; ) {
        const [at, left] = [begin + done, size - done]
        const bytesRead =
          this.#pace?.readHere(() => readSync(handle.fd, bytes, done, left, at)) ??
          (await handle.read(bytes, done, left, at)).bytesRead
        if (bytesRead === 0) throw new BadImage(`${file} is cut short: it ends within the image`)
        done += bytesRead
      }
      return bytes
    } finally {
      opened.users--
      await this.#closeSurplus()
    }
  }

  #take(file: string): OpenFile {
    const opened = this.#open.get(file) ?? { handle: open(file), users: 0 }
    this.#open.delete(file)
    this.#open.set(file, opened)
    opened.users++
    // One that does not open is tried anew for the next image.
    opened.handle.catch(() => {
      if (this.#open.get(file) === opened) this.#open.delete(file)
    })
    return opened
  }

  async #closeSurplus(): Promise<void> {
    for (const [file, opened] of this.#open) {
      if (this.#open.size <= mostFiles) return
      if (opened.users > 0) continue
      this.#open.delete(file)
      await closeFile(opened)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** The bytes of one image; see {@link PlaceReader.read}. */
export async function readPlace({ path, part }: ImagePlace): Promise<Uint8Array> {
  await using reader = new PlaceReader()
  return await reader.read(part ?? { file: path })
}

async function closeFile({ handle }: OpenFile): Promise<void> {
  // One that did not open has nothing to close.
  await handle.then(
    opened => opened.close(),
    () => {},
  )
}

import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { isatty } from 'node:tty'
import { UserError } from '../../../base/error.js'
import { findImages } from '../../../data/find-images.js'
import { statOf } from '../../../data/folder-entries.js'
import { fileError } from '../../../formats/file-error.js'

/** An image of the command line, and what it is called there. */
export interface NamedImage {
  readonly name: string
  /** A path, or the bytes from standard input. */
  readonly input: string | Uint8Array
}

export interface NamedImages {
  /** How many there are; undefined where a folder has very many. */
  readonly count: number | undefined
  images(): AsyncGenerator<NamedImage, void, undefined>
}

/** No picture is that large; it keeps a stream without end from filling the memory. */
const mostBytes = 2 ** 30

/** What one word of the command line stands for. */
interface Named {
  readonly count: number | undefined
  images(): AsyncIterable<NamedImage> | Iterable<NamedImage>
}

/**
 * The images that words of a command line name: files, folders, patterns, and `-` for one image on standard input, in the
 * order of the words. Errors: UserError naming the first word that stands for nothing, before any image is read.
 */
export async function namedImages(words: readonly string[]): Promise<NamedImages> {
  if (words.filter(word => word === '-').length > 1)
    throw new UserError('standard input (-) is one image: name it once', 2)
  if (words.includes('-') && isatty(0))
    throw new UserError('standard input (-) is this terminal: send an image into it, or name a file', 2)
  const all: Named[] = []
  for (const word of words) all.push(await named(word))
  const counts = all.map(({ count }) => count)
  return {
    count: counts.includes(undefined) ? undefined : counts.reduce<number>((sum, count) => sum + count!, 0),
    async *images() {
      for (const each of all) yield* each.images()
    },
  }
}

async function named(word: string): Promise<Named> {
  if (word === '-') return streamed(word, () => process.stdin)
  const there = await statOf(word)
  // A pipe, as the shell's <(…) is, can be read once only.
  if (there && !there.isFile() && !there.isDirectory()) return streamed(word, () => createReadStream(word))
  const { count, paths } = await findImages(word)
  return {
    count,
    async *images() {
      for await (const file of paths()) yield { name: file, input: file }
    },
  }
}

const streamed = (name: string, open: () => Readable): Named => ({
  count: 1,
  async *images() {
    yield { name, input: await bytesOf(open(), name) }
  },
})

async function bytesOf(stream: Readable, name: string): Promise<Uint8Array> {
  const pieces: Buffer[] = []
  let bytes = 0
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      bytes += piece.length
      if (bytes > mostBytes) throw new UserError(`${name} has more than 1 GiB: give one image`)
      pieces.push(piece)
    }
  } catch (error) {
    throw fileError('read', name, error)
  }
  return Buffer.concat(pieces)
}

import { isatty } from 'node:tty'
import { UserError } from '../../../base/error.js'
import { type FoundImages, findImages } from '../../../data/find-images.js'

/** An image of the command line, and what it is called there. */
export interface NamedImage {
  readonly name: string
  /** A path, or the bytes from standard input. */
  readonly input: string | Uint8Array
}

export interface NamedImages {
  /** How many there are, where that is known before folders have been gone through. */
  readonly count: number | undefined
  images(): AsyncGenerator<NamedImage, void, undefined>
}

/** No picture is that large; it keeps a stream without end from filling the memory. */
const mostBytes = 2 ** 30

/**
 * The images that words of a command line name: files, folders, patterns, and `-` for one image on standard input, in the
 * order of the words. Errors: UserError naming the first word that stands for nothing, before any image is read.
 */
export async function namedImages(words: readonly string[]): Promise<NamedImages> {
  if (words.filter(word => word === '-').length > 1)
    throw new UserError('standard input (-) is one image: name it once', 2)
  if (words.includes('-') && isatty(0))
    throw new UserError('standard input (-) is this terminal: send an image into it, or name a file', 2)
  const found: (FoundImages | '-')[] = []
  for (const word of words) found.push(word === '-' ? '-' : await findImages(word))
  const counts = found.map(each => (each === '-' ? 1 : each.count))
  return {
    count: counts.includes(undefined) ? undefined : counts.reduce<number>((sum, count) => sum + count!, 0),
    async *images() {
      for (const each of found)
        if (each === '-') yield { name: '-', input: await standardInput() }
        else for await (const file of each.paths()) yield { name: file, input: file }
    },
  }
}

async function standardInput(): Promise<Uint8Array> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > mostBytes) throw new UserError('standard input has more than 1 GiB: give one image')
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

import path from 'node:path'
import { maximumPixels } from './bad-image.js'
import type { Extent } from './crops/protocol.js'
import { badData, tooManyPixels } from './decode.js'
import { sharp } from './sharp.js'

/** What an image's header says of it. Width and height are those after its EXIF orientation is applied. */
export interface ImageFacts extends Extent {
  /** jpeg, png or webp, by its content. */
  readonly format: string
  /** libvips's word: srgb, b-w, cmyk, rgb16 … */
  readonly space: string
  /** Bits of a sample. */
  readonly bits: number
  readonly alpha: boolean
  /** Pictures in an animation; 1 otherwise. */
  readonly frames: number
  /** EXIF's 1 … 8; 1 where the header has none. */
  readonly orientation: number
}

/**
 * Looks at a header alone; damage further on goes unnoticed.
 *
 * @param image a file's path, or its bytes; of a supported format, see `requireSupported`
 * @throws {BadImage} if the header is damaged or promises too many pixels
 */
export async function readImageFacts(image: string | Uint8Array): Promise<ImageFacts> {
  try {
    const found = await sharp(image, { limitInputPixels: maximumPixels }).metadata()
    const { width, height } = found.autoOrient
    if (width * height > maximumPixels) throw tooManyPixels()
    return {
      ...{ width, height, format: found.format, space: found.space },
      bits: found.bitsPerSample ?? (found.depth === 'ushort' ? 16 : 8),
      alpha: found.hasAlpha,
      frames: found.pages ?? 1,
      orientation: found.orientation ?? 1,
    }
  } catch (error) {
    throw badData(error)
  }
}

const endings = new Map([
  ['jpeg', /\.jpe?g$/i],
  ['png', /\.png$/i],
  ['webp', /\.webp$/i],
])

const hugePixels = 25_000_000
const tinySide = 32

/** What is read all the same and yet worth knowing of a data set, by the word for it. */
export const oddities = {
  'named as another format': (facts, file) => endings.get(facts.format)?.test(file) === false,
  CMYK: facts => facts.space === 'cmyk',
  grey: facts => facts.space === 'b-w' || facts.space === 'grey16',
  '16 bits': facts => facts.bits === 16,
  transparent: facts => facts.alpha,
  animated: facts => facts.frames > 1,
  'turned by EXIF': facts => facts.orientation > 1,
  huge: facts => facts.width * facts.height > hugePixels,
  tiny: facts => Math.min(facts.width, facts.height) < tinySide,
} as const satisfies Readonly<Record<string, (facts: ImageFacts, file: string) => boolean>>

export type Oddity = keyof typeof oddities
export const oddityNames = Object.keys(oddities) as Oddity[]

/** @param file its name decides whether the content is what it promises */
export const odditiesOf = (facts: ImageFacts, file: string): Oddity[] => {
  const tests: Readonly<Record<Oddity, (facts: ImageFacts, file: string) => boolean>> = oddities
  return oddityNames.filter(name => tests[name](facts, path.basename(file)))
}

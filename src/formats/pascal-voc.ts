import { SaxesParser } from 'saxes'
import type { Fail } from './file-error.js'

/** Left, top, right and bottom of a box in pixels of the image as it was shown to whoever drew it, as written. */
export type PixelSides = readonly [left: number, top: number, right: number, bottom: number]

/** An object that an image shows. */
export interface VocObject {
  readonly name: string
  readonly box: PixelSides
}

export interface VocAnnotation {
  readonly width: number
  readonly height: number
  readonly objects: readonly VocObject[]
}

/** Elements within elements; VOC's own go four deep. */
const deepest = 32

const sides = ['xmin', 'ymin', 'xmax', 'ymax'] as const

/**
 * Reads an annotation in the XML of PASCAL VOC, as ImageNet's boxes are: `<annotation>` with `<size>`, and an `<object>`
 * with `<name>` and `<bndbox>` for each box. Parts of objects are passed over. Entities that a document defines are not
 * expanded.
 *
 * Errors: what `fail` throws for XML that is not well-formed, no annotation, and a number that is missing or none.
 */
export function parseVoc(xml: string, fail: Fail): VocAnnotation {
  const size = new Map<string, string>()
  const objects: VocObject[] = []
  let object = new Map<string, string>()
  const open: string[] = []
  let text = ''

  const numberIn = (values: ReadonlyMap<string, string>, name: string): number => {
    const word = values.get(name)?.trim() ?? ''
    const value = word === '' ? Number.NaN : Number(word)
    return Number.isFinite(value) ? value : fail(`has a ${name} that is missing or no number`)
  }

  const parser = new SaxesParser()
  parser.on('error', error => fail(`is no XML (${error.message})`))
  parser.on('opentag', ({ name }) => {
    if (open.length === 0 && name !== 'annotation') fail(`is no annotation but <${name}>`)
    if (open.push(name) > deepest) fail('has too many elements within each other')
    text = ''
  })
  parser.on('text', words => {
    text += words
  })
  parser.on('cdata', words => {
    text += words
  })
  parser.on('closetag', () => {
    const name = open.at(-1)!
    const place = open.slice(1, -1).join('/')
    if (place === 'size') size.set(name, text)
    else if (place === 'object/bndbox' || (place === 'object' && name === 'name')) object.set(name, text)
    else if (place === '' && name === 'object') {
      const box = sides.map(side => numberIn(object, side)) as unknown as PixelSides
      objects.push({ name: object.get('name')?.trim() ?? '', box })
      object = new Map()
    }
    open.pop()
    text = ''
  })
  parser.write(xml).close()
  return { width: numberIn(size, 'width'), height: numberIn(size, 'height'), objects }
}

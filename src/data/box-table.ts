import path from 'node:path'
import { UserError } from '../base/error.js'
import { readLines } from '../formats/text-lines.js'
import type { NamedBoxes } from './named-boxes.js'

/**
 * The boxes of a table without a header: lines of `name,left,top,right,bottom`, in shares of the image's width and height,
 * as TensorFlow's script `process_bounding_boxes.py` writes them from ILSVRC's annotations. Endings of names do not matter.
 *
 * Errors: `UserError` with file and line for what is no box.
 */
export function* tabulatedBoxes(file: string): Generator<NamedBoxes, void, undefined> {
  for (const { number, text } of readLines(file)) {
    const [name = '', ...words] = text.split(',')
    const where = `${file}, line ${number}`
    yield { name: withoutEnding(name.trim()), where, boxes: sidesOf(words, where) }
  }
}

export const withoutEnding = (name: string): string => name.slice(0, name.length - path.extname(name).length)

function sidesOf(words: readonly string[], where: string): readonly number[] {
  const wrong = (what: string): never => {
    throw new UserError(`${where}: ${what}; a line is name,left,top,right,bottom in shares of the image`)
  }
  const sides = words.map(word => (word.trim() === '' ? Number.NaN : Number(word)))
  if (sides.length !== 4) wrong(`it has ${words.length} numbers after a name, not 4`)
  if (!sides.every(side => side >= 0 && side <= 1)) wrong(`'${words.join()}' are not four numbers in [0, 1]`)
  const [left, top, right, bottom] = sides
  if (left! > right! || top! > bottom!) wrong('the box ends before it begins')
  return sides
}

/** A line for each box, as {@link tabulatedBoxes} reads them and TensorFlow's script writes them. */
export const boxLines = ({ name, boxes }: NamedBoxes): string => {
  let lines = ''
  for (let box = 0; box < boxes.length; box += 4) {
    const sides = boxes.slice(box, box + 4).map(side => side.toFixed(4))
    lines += `${name}.JPEG,${sides.join()}\n`
  }
  return lines
}

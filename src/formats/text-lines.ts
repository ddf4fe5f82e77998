import { UserError } from '../base/error.js'
import { formatBytes } from '../base/format.js'
import { InputFile } from './input-file.js'

/** One line of a text file that says something. */
export interface TextLine {
  /** In the file, from 1. */
  readonly number: number
  /** Without white space around it. */
  readonly text: string
}

/** Far beyond a line an image of any data set. */
const mostBytes = 256 * 2 ** 20

/**
 * The lines of a UTF-8 text file; empty ones are passed over, and so are a byte order mark and either system's line ends.
 * Errors: `UserError` when the file cannot be read, is no text, or is too large to be a list.
 */
export function readLines(file: string): readonly TextLine[] {
  using input = new InputFile(file)
  if (input.size > mostBytes)
    throw new UserError(`${file} is no list: it has ${formatBytes(input.size)}; check the path`)
  const bytes = input.read(0, input.size)
  try {
    return linesOf(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new UserError(`${file} is no text in UTF-8: give a text file, one entry a line`, 1, { cause: error })
  }
}

export const linesOf = (text: string): readonly TextLine[] =>
  text
    .split(/\r\n|\n|\r/)
    .map((line, i) => ({ number: i + 1, text: line.trim() }))
    .filter(line => line.text !== '')

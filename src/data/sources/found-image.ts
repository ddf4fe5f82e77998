import type { FileStretch } from '../../formats/file-stretch.js'
import type { InputFile } from '../../formats/input-file.js'
import type { ImageBoxes } from '../image-boxes.js'
import type { LabelNumbering } from './class-names.js'

/** An image in a file that holds or names many, before classes have numbers. */
export interface FoundImage {
  /** In the file: a member's name, a path relative to the file, or what else its form calls the image. */
  readonly name: string
  /** A class's name, or its number in digits; '' where only another file knows it. */
  readonly label: string
  /** Where its bytes are in the file. @default they are a file of their own */
  readonly part?: FileStretch
  readonly boxes?: ImageBoxes
}

/** A kind of file that holds many images, or names them. */
export interface FileForm {
  /** What such files are called in messages, and what their index is marked with. */
  readonly title: string
  /** Whether a file of this name, without folders, is one. */
  readonly accepts: (name: string) => boolean
  /** Whether it names images that are files of their own, instead of holding them. */
  readonly lists: boolean
  /** Whether no other file has such a name, so that it needs none that says its set and goes before class folders. */
  readonly reserved?: boolean
  /** All images of a file. Errors: `UserError` naming the file where it is damaged, or holds what is none of its form. */
  readonly scan: (input: InputFile) => Iterable<FoundImage>
  /**
   * Names of the classes whose numbers, from 0 on, are labels; undefined where the file does not say. Errors: as `scan`.
   * @default no file does
   */
  readonly classNames?: (input: InputFile) => readonly string[] | undefined
  /** Whether test sets may have classes: one is measured on where no validation set is. @default they never have */
  readonly labelsTests?: boolean
  /** Whether the files may lie one folder further down, in that of a data set's only configuration. @default not */
  readonly hasConfigurations?: boolean
}

/** How images are looked for. */
export interface ScanOptions {
  /** Hears what is being looked through, and how far. */
  readonly onProgress?: ((what: string, done: number, total: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
  /** From which number classes count that are numbers. @default 'auto' */
  readonly labels?: LabelNumbering | undefined
}

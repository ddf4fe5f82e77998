import type { FileStretch } from '../formats/file-stretch.js'

/** A stretch of a file that holds others: a member of an archive, a field of a record, a value in a packed page. */
export interface FilePart extends FileStretch {
  readonly file: string
}

/** An image's name and where its bytes lie. */
export interface ImagePlace {
  /** The image's file; of a part, the file that holds it and its name there: `val.tar › a.JPEG`. */
  readonly path: string
  /** @default the whole of the file `path` */
  readonly part?: FilePart
}

const within = ' › '

/** How an image is named that lies in another file. */
export const memberPath = (file: string, member: string): string => `${file}${within}${member}`

/** What stands after the file that holds an image, or the whole path where none does; with folders. */
export function nameWithin(path: string): string {
  const mark = path.lastIndexOf(within)
  return mark < 0 ? path : path.slice(mark + within.length)
}

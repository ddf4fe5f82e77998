import type { ImageBoxes } from './image-boxes.js'

/** Boxes of one image as a file gives them. */
export interface NamedBoxes {
  /** The image's, without an ending: that of its file, or its path below the set's folder. */
  readonly name: string
  /** In which file this stands, and where in it. */
  readonly where: string
  readonly boxes: ImageBoxes
}

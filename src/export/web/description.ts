import type { SingleCrop } from '../../data/crops/protocol.js'
import type { Normalisation } from '../normalisation.js'

/** A file beside the page, and its length, by which a page can tell progress and a file that was cut short. */
export interface PageFile {
  readonly name: string
  readonly bytes: number
}

/** What a web page's `model.json` says: all that the page must know to do what this program does with an image. */
export interface ModelDescription {
  /** Of the network: 'Inception-v4'. */
  readonly title: string
  readonly network: string
  /** Side of the input in pixels. */
  readonly size: number
  readonly crop: SingleCrop
  readonly fraction: number
  readonly normalisation: Normalisation
  /** In the order of the logits: a class's name and what people call it. */
  readonly classes: readonly { readonly name: string; readonly label: string }[]
  readonly model: PageFile
  readonly runtime: PageFile
}

/** The file in the page's folder that holds it. */
export const descriptionFile = 'model.json'

/** ONNX Runtime's module, under an ending that every web server knows as JavaScript. */
export const runtimeModule = 'ort.js'

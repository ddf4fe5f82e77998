import type { Rectangle } from '../crop.js'
import type { Filter } from '../resample.js'

/** Ways to look at an image once. */
export const singleCrops = ['slim', 'timm', 'torchvision', 'vgg'] as const
export type SingleCrop = (typeof singleCrops)[number]

export type CropName = SingleCrop | '10' | '12' | '144'

/** Width and height in pixels. */
export interface Extent {
  readonly width: number
  readonly height: number
}

/** One of the pictures of an image that a network sees: `from`, resized to the network's input if it has another size. */
export interface View {
  /** What the whole image is resized to first; undefined where the view is cut from the original. */
  readonly resized: Extent | undefined
  /** In pixels of the resized image. */
  readonly from: Rectangle
  /** Left and right are swapped, after everything else. */
  readonly mirrored: boolean
}

export interface CropOptions {
  /**
   * The share of each side that a single crop keeps: `slim`'s central fraction, `timm`'s `crop_pct`, and the
   * crop over the short side for `torchvision` and `vgg`. The other protocols have none. @default 0.875
   */
  readonly fraction?: number | undefined
}

/** A way of looking at one image several times, or once; the network's probabilities are averaged over the views. */
export interface CropProtocol {
  readonly id: CropName
  /** As in a table's head: "144 crops". */
  readonly title: string
  readonly resampling: Filter | 'tensorflow-bilinear'
  /** How many views an image has, coinciding ones counted. */
  readonly count: number
  /** To how many sizes an image is resized, each for as many neighbouring views. */
  readonly scales: number
  /** The views of an image for a network with an input of `size` × `size`, always in the same order. */
  views(image: Extent, size: number, options?: CropOptions): readonly View[]
  /** Every choice that the protocol's source leaves open, in words. */
  describe(size: number, options?: CropOptions): string
}

export const defaultFraction = 0.875

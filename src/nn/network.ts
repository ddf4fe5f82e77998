import type { Initialiser, Layer } from './scope.js'

/** The sizes a network's text is written in terms of. */
export interface Dimensions {
  /** Columns of its output: classes, or an embedding's length. */
  readonly classes: number
  /** How often each repeated block occurs, under the name it has in the text. */
  readonly blocks: Readonly<Record<string, number>>
}

/** A network: its text, and the facts that belong to its numbers. */
export interface Network {
  readonly id: string
  readonly title: string
  /** The network that this is another form of, as some library computes it: files of that library are asked for by either id. */
  readonly formOf?: string
  /** Where it is defined, and which figures. */
  readonly source: string
  readonly residual: boolean
  /** Side of the published square input in pixels. */
  readonly size: number
  /** The published length of the embedding that it gives, where it gives no logits of classes. */
  readonly embedding?: number
  /** Published repeat counts. */
  readonly blocks: Readonly<Record<string, number>>
  readonly epsilon: number
  readonly initial: Initialiser
  readonly body: (d: Dimensions) => Layer
  /** Auxiliary head, used in training only: where it taps and what it is. */
  readonly auxiliary?: { readonly from: (d: Dimensions) => string; readonly head: (d: Dimensions) => Layer }
  /** How pixels become numbers, and the published single-crop errors on ImageNet in percent, with their source. */
  readonly preprocessing: Preprocessing
  readonly published?: { readonly top1: number; readonly top5: number; readonly source: string }
}

/** Columns of the published output: ImageNet's classes, or the embedding's length. */
export const publishedColumns = ({ embedding = 1000 }: Network): number => embedding

export interface Preprocessing {
  /** Subtracted from and divided into a pixel value of 0 … 255, by channel in the order given by `order`. */
  readonly mean: readonly [number, number, number]
  readonly deviation: readonly [number, number, number]
  readonly order: 'rgb' | 'bgr'
  /** The share of each side that the central crop of evaluation keeps. */
  readonly centralFraction: number
}

/** x/127.5 − 1, and the central 87.5 % of each side: slim's inception_preprocessing.py. */
export const inceptionPreprocessing: Preprocessing = {
  mean: [127.5, 127.5, 127.5],
  deviation: [127.5, 127.5, 127.5],
  order: 'rgb',
  centralFraction: 0.875,
}

/** Truncated normal with deviation √(1.3·2/fanIn): slim's inception_arg_scope. */
export const varianceScaling: Initialiser = fanIn => ({ kind: 'truncatedNormal', deviation: Math.sqrt(2.6 / fanIn) })

/** Uniform within ±√(6/(fanIn+fanOut)) (Glorot and Bengio, 2010), which slim's Inception-ResNet uses. */
export const xavier: Initialiser = (fanIn, fanOut) => ({ kind: 'uniform', limit: Math.sqrt(6 / (fanIn + fanOut)) })

/** Truncated normal with a deviation that does not depend on the layer's size. */
export const truncatedNormal =
  (deviation: number): Initialiser =>
  () => ({ kind: 'truncatedNormal', deviation })

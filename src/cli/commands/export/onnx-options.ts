import { InvalidArgumentError, Option } from 'commander'
import type { BackendName } from '../../../backends/backend.js'
import { onnxVariants } from '../../../export/onnx/variants.js'
import { oneOf, positiveNumber } from '../../arguments.js'
import { backendOption, badImagesOption, threadsOption } from '../../engine-options.js'

const lesser = onnxVariants.filter(variant => variant !== 'f32')
type Lesser = (typeof lesser)[number]

/** Of every form with an ONNX model in it. */
export interface OnnxFlags {
  readonly bound?: number
  readonly variants?: readonly Lesser[]
  readonly calibrate?: string
  readonly images?: string
  readonly badImages: 'error' | 'skip'
  readonly backend: BackendName
  readonly threads?: number
}

export const boundOption = (): Option =>
  new Option(
    '--bound <share>',
    'refuse where logits are further off, relative to the largest (default: 1e-4; of fp16 0.01, of q8 0.2)',
  ).argParser(positiveNumber(1))

export const variantsOption = (): Option =>
  new Option('--variants <list>', `smaller files beside it: ${lesser.join(', ')}`).argParser(variantList)

export const calibrateOption = (): Option =>
  new Option('--calibrate <folder>', 'images that show the ranges of activations, for q8: class folders or images')

export const imagesOption = (): Option =>
  new Option('--images <folder>', 'measure the errors of all variants on it: val/<class>/*.jpg, or class folders')

export const engineOptions = (): Option[] => [badImagesOption(), backendOption(), threadsOption()]

function variantList(text: string): readonly Lesser[] {
  const names = text.split(',').map(oneOf('variant', lesser))
  if (new Set(names).size < names.length) throw new InvalidArgumentError('It names one twice.')
  return names
}

import { InvalidArgumentError, Option } from 'commander'
import { type BackendName, openBackend } from '../../../backends/open.js'
import { formatBytes, formatPercent, formatTable } from '../../../base/format.js'
import { openEvaluationData } from '../../../data/class-folder.js'
import { openCalibration } from '../../../export/onnx/calibration.js'
import { type ExportedOnnx, exportOnnx, type OnnxFile, onnxVariants } from '../../../export/onnx/export-onnx.js'
import { readCheckpoint } from '../../../training/checkpoint.js'
import { oneOf, positiveNumber } from '../../arguments.js'
import { backendOption, badImagesOption, threadsOption } from '../../engine-options.js'
import { interruptSignal } from '../../interrupt.js'
import { ProgressLine } from '../../progress-line.js'
import { warn } from '../../warn.js'
import type { ExportForm } from './form.js'

const lesser = onnxVariants.filter(variant => variant !== 'f32')
type Lesser = (typeof lesser)[number]

interface Flags {
  readonly foldNorm: boolean
  readonly bound?: number
  readonly variants?: readonly Lesser[]
  readonly calibrate?: string
  readonly images?: string
  readonly badImages: 'error' | 'skip'
  readonly backend: BackendName
  readonly threads?: number
}

export const onnxForm: ExportForm<Flags> = {
  about: 'ONNX of opset 17, compared in ONNX Runtime',
  options: [
    new Option('--no-fold-norm', 'keep batch norms as nodes of their own'),
    new Option(
      '--bound <share>',
      'refuse where logits are further off, relative to the largest (default: 1e-4)',
    ).argParser(positiveNumber(1)),
    new Option('--variants <list>', `smaller files beside it: ${lesser.join(', ')}`).argParser(variantList),
    new Option('--calibrate <folder>', 'images that show the ranges of activations, for q8: class folders or images'),
    new Option('--images <folder>', 'measure the errors of all variants on it: val/<class>/*.jpg, or class folders'),
    badImagesOption(),
    backendOption(),
    threadsOption(),
  ],
  required: [],
  async write(file, { out, foldNorm, bound, variants, calibrate, images, badImages, backend, threads }) {
    using checkpoint = readCheckpoint(file)
    const line = new ProgressLine(process.stderr)
    try {
      const exported = await exportOnnx(checkpoint, {
        ...{ out, foldNorm, bound, badImages },
        ...(variants && { variants }),
        ...(calibrate !== undefined && { calibration: await openCalibration(calibrate) }),
        ...(images !== undefined && { images: await openEvaluationData(images) }),
        backend: openBackend(backend, warn, { threads, notify: warn }),
        signal: interruptSignal('stopping'),
        progress: doing => line.update(doing),
      })
      return { facts: exported, text: describe(exported) }
    } finally {
      line.end()
    }
  },
}

function variantList(text: string): readonly Lesser[] {
  const names = text.split(',').map(oneOf('variant', lesser))
  if (new Set(names).size < names.length) throw new InvalidArgumentError('It names one twice.')
  return names
}

function describe({ runtime, files }: ExportedOnnx): string {
  const [first] = files
  const measured = first?.accuracy
  const labelled = measured?.top1Error !== undefined
  const header = ['file', 'size', 'largest difference', 'of the largest logit']
  if (labelled) header.push('top-1 error', 'top-5 error')
  if (measured) header.push('same class', 'mean difference', 'ms an image')
  const row = ({ file, bytes, difference, accuracy }: OnnxFile) => [
    file,
    formatBytes(bytes),
    difference.largest.toExponential(1),
    difference.relative.toExponential(1),
    ...(labelled ? [formatPercent(accuracy!.top1Error!), formatPercent(accuracy!.top5Error!)] : []),
    ...(measured
      ? [formatPercent(accuracy!.agreement), accuracy!.meanDifference.toPrecision(2), accuracy!.milliseconds.toFixed(1)]
      : []),
  ]
  const on = measured ? `; accuracy and time on ${measured.images} images` : ''
  return `${formatTable(header, files.map(row))}\nLogits of three drawn images in ${runtime}, against ours${on}`
}

import { Option } from 'commander'
import { formatBytes, formatPercent, formatTable } from '../../../base/format.js'
import { type ExportedOnnx, exportOnnx, type OnnxFile } from '../../../export/onnx/export-onnx.js'
import { openCheckpoint } from '../../../training/open-checkpoint.js'
import { warn } from '../../warn.js'
import type { ExportForm } from './form.js'
import {
  boundOption,
  calibrateOption,
  engineOptions,
  exporting,
  imagesOption,
  type OnnxFlags,
  variantsOption,
} from './onnx-options.js'

interface Flags extends OnnxFlags {
  readonly foldNorm: boolean
}

export const onnxForm: ExportForm<Flags> = {
  about: 'ONNX of opset 17, compared in ONNX Runtime',
  options: [
    new Option('--no-fold-norm', 'keep batch norms as nodes of their own'),
    boundOption(),
    variantsOption(),
    calibrateOption(),
    imagesOption(),
    ...engineOptions(),
  ],
  required: [],
  async write(file, { out, foldNorm, ...flags }) {
    using checkpoint = openCheckpoint(file, warn)
    const exported = await exporting(flags, options => exportOnnx(checkpoint, { ...options, out, foldNorm }))
    return { facts: exported, text: describe(exported) }
  },
}

function describe({ runtime, files }: ExportedOnnx): string {
  const [first] = files
  const measured = first?.accuracy
  const labelled = measured?.top1Error !== undefined
  const header = ['file', 'size', 'largest difference', 'of the largest logit']
  if (labelled) header.push('top-1 error', 'top-5 error')
  const classifies = measured?.agreement !== undefined
  if (classifies) header.push('same class')
  if (measured) header.push('mean difference', 'ms an image')
  const row = ({ file, bytes, difference, accuracy }: OnnxFile) => [
    file,
    formatBytes(bytes),
    difference.largest.toExponential(1),
    difference.relative.toExponential(1),
    ...(labelled ? [formatPercent(accuracy!.top1Error!), formatPercent(accuracy!.top5Error!)] : []),
    ...(classifies ? [formatPercent(accuracy!.agreement!)] : []),
    ...(measured ? [accuracy!.meanDifference.toPrecision(2), accuracy!.milliseconds.toFixed(1)] : []),
  ]
  const on = measured ? `; accuracy and time on ${measured.images} images` : ''
  return `${formatTable(header, files.map(row))}\nLogits of three drawn images in ${runtime}, against ours${on}`
}

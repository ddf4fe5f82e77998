import { Option } from 'commander'
import { openBackend } from '../../../backends/open.js'
import { exportOnnx } from '../../../export/onnx/export-onnx.js'
import { readCheckpoint } from '../../../training/checkpoint.js'
import { warn } from '../../warn.js'
import type { ExportForm } from './form.js'

interface Flags {
  readonly foldNorm: boolean
}

export const onnxForm: ExportForm<Flags> = {
  about: 'ONNX, opset 17',
  options: [new Option('--no-fold-norm', 'keep batch norms as nodes of their own')],
  required: [],
  async write(file, { out, foldNorm }) {
    using checkpoint = readCheckpoint(file)
    const exported = await exportOnnx(checkpoint, { out, backend: openBackend('auto', warn), foldNorm })
    return { facts: exported, text: `${out} ${JSON.stringify(exported)}` }
  },
}

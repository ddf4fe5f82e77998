import { Option } from 'commander'
import { formatCount } from '../../../base/format.js'
import { openCheckpoint } from '../../../training/open-checkpoint.js'
import { exportWeights } from '../../../weights/export-weights.js'
import { type Library, libraries } from '../../../weights/family.js'
import { oneOf } from '../../arguments.js'
import { warn } from '../../warn.js'
import type { ExportForm } from './form.js'

interface Flags {
  readonly names: Library
}

export const safetensorsForm: ExportForm<Flags> = {
  about: 'weights under the names of another library',
  options: [
    new Option('--names <library>', `whose names the tensors get: ${libraries.join(', ')}`).argParser(
      oneOf('library', libraries),
    ),
  ],
  required: ['names'],
  async write(file, { names, out }) {
    using checkpoint = openCheckpoint(file, warn)
    const exported = exportWeights(checkpoint, names, out)
    return {
      facts: exported,
      text: `${out}: ${formatCount(exported.tensors)} tensors under the names of ${exported.names}${exported.auxiliary ? ', with the auxiliary head' : ''}`,
    }
  },
}

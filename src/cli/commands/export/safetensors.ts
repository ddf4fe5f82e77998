import { Option } from 'commander'
import { type Library, libraries } from '../../../weights/family.js'
import { oneOf } from '../../arguments.js'
import type { ExportForm } from './form.js'

export interface Flags {
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
  write: async (file, flags) => (await import('./safetensors/action.js')).writeSafetensors(file, flags),
}

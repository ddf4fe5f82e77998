import { Command } from 'commander'
import { type Library, libraries } from '../../weights/family.js'
import { oneOf } from '../arguments.js'

export interface Flags {
  from: Library | 'auto'
  network: string
  classes?: string
  out: string
  json?: boolean
}

export const importCommand = (): Command =>
  new Command('import')
    .description(
      'public weights (safetensors, .pth, pytorch_model.bin, .ckpt, .h5, .keras) as a checkpoint to evaluate',
    )
    .argument('<file>', 'the weights')
    .option(
      '--from <library>',
      `whose names the tensors have: ${libraries.join(', ')}, or auto to see`,
      oneOf('library', [...libraries, 'auto']),
      'auto',
    )
    .requiredOption('--network <name>', 'which network they are')
    .option(
      '--classes <file>',
      "class names, one a line in the order of the outputs (default: ImageNet's WNIDs where there are 1000)",
    )
    .requiredOption('--out <file>', 'the checkpoint to write')
    .option('--json', 'say what was imported as JSON')
    .action(async (file: string, flags: Flags) => (await import('./import/action.js')).importFile(file, flags))

import { Command } from 'commander'
import { formatCount } from '../../base/format.js'
import { readCheckpoint } from '../../training/checkpoint.js'
import { exportWeights } from '../../weights/export-weights.js'
import { type Library, libraries } from '../../weights/family.js'
import { oneOf } from '../arguments.js'

interface ExportFlags {
  to: 'safetensors'
  names: Library
  out: string
  json?: boolean
}

export const exportCommand = (): Command =>
  new Command('export')
    .description("a checkpoint's weights (its running averages, where it has them) for another library")
    .argument('<checkpoint>', 'the checkpoint')
    .option('--to <form>', 'form of the file: safetensors', oneOf('form', ['safetensors']), 'safetensors')
    .requiredOption(
      '--names <library>',
      `whose names the tensors get: ${libraries.join(', ')}`,
      oneOf('library', libraries),
    )
    .requiredOption('--out <file>', 'the file to write')
    .option('--json', 'say what was exported as JSON')
    .action((file: string, { names, out, json }: ExportFlags) => {
      using checkpoint = readCheckpoint(file)
      const exported = exportWeights(checkpoint, names, out)
      if (json) console.log(JSON.stringify({ ...exported, file: out }, undefined, 2))
      else
        console.log(
          `${out}: ${formatCount(exported.tensors)} tensors under the names of ${exported.names}${exported.auxiliary ? ', with the auxiliary head' : ''}`,
        )
    })

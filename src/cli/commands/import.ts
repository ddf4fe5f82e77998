import { Command } from 'commander'
import { formatCount } from '../../base/format.js'
import { type Library, libraries } from '../../weights/family.js'
import { type Imported, importWeights } from '../../weights/import-weights.js'
import { oneOf } from '../arguments.js'

interface ImportFlags {
  from: Library | 'auto'
  network: string
  classes?: string
  out: string
  json?: boolean
}

export const importCommand = (): Command =>
  new Command('import')
    .description('public weights (safetensors, .pth, pytorch_model.bin) as a checkpoint to evaluate')
    .argument('<file>', 'the weights')
    .option(
      '--from <library>',
      `whose names the tensors have: ${libraries.join(', ')}, or auto to see`,
      oneOf('library', [...libraries, 'auto']),
      'auto',
    )
    .requiredOption('--network <name>', 'which network they are')
    .option('--classes <file>', "class names, one a line in the order of the outputs; ImageNet's: its WNIDs, sorted")
    .requiredOption('--out <file>', 'the checkpoint to write')
    .option('--json', 'say what was imported as JSON')
    .action(async (file: string, { json, ...flags }: ImportFlags) => {
      const imported = await importWeights({ file, ...flags })
      console.log(json ? JSON.stringify(imported, undefined, 2) : describe(imported))
    })

function describe({ checkpoint, from, network, classes, ...rest }: Imported): string {
  const { parameters, tensors, background, auxiliary, ignored, sha256 } = rest
  return [
    `${checkpoint}: ${network} of ${formatCount(classes)} classes from ${from}, ${formatCount(parameters)} parameters in ${formatCount(tensors)} tensors`,
    ...(background ? ['the first row of the logits, which is no class, was dropped'] : []),
    ...(auxiliary ? ['with the auxiliary head'] : []),
    ...(ignored.length > 0
      ? [`${formatCount(ignored.length)} counters of training steps (num_batches_tracked) ignored`]
      : []),
    `SHA-256 of the file: ${sha256}`,
  ].join('\n')
}

import { Command, type Option } from 'commander'
import { UserError } from '../../base/error.js'
import { oneOf } from '../arguments.js'
import type { CommonFlags, ExportForm } from './export/form.js'
import { huggingfaceForm } from './export/huggingface.js'
import { onnxForm } from './export/onnx.js'
import { safetensorsForm } from './export/safetensors.js'
import { webForm } from './export/web.js'

/** Every form there is, by the word after --to. */
const forms = {
  safetensors: safetensorsForm,
  onnx: onnxForm,
  huggingface: huggingfaceForm,
  web: webForm,
} satisfies Readonly<Record<string, ExportForm<never>>>

type FormName = keyof typeof forms
const formNames = Object.keys(forms) as FormName[]
const formOf = (name: FormName): ExportForm => forms[name]

export function exportCommand(): Command {
  const command = new Command('export')
    .description('a checkpoint (its running averages, where it has them) for other programs')
    .argument('<checkpoint>', 'a checkpoint file, or the folder of a run for its newest one')
    .option(
      '--to <form>',
      formNames.map(name => `${name}: ${formOf(name).about}`).join('; '),
      oneOf('form', formNames),
      'safetensors',
    )
    .requiredOption('--out <path>', 'the file or folder to write')
    .option('--json', 'say what was exported as JSON')
  for (const [option, owners] of ownersOf())
    command.addOption(option.helpGroup(`Options of --to ${owners.join(' and ')}:`))
  return command.action(async (checkpoint: string, flags: CommonFlags & { to: FormName }) => {
    expectOwnOptions(command, flags.to)
    const { facts, text } = await formOf(flags.to).write(checkpoint, flags)
    console.log(flags.json ? JSON.stringify({ ...facts, file: flags.out }, undefined, 2) : text)
  })
}

/** Every form's options, each once, with the forms that have it. */
function ownersOf(): ReadonlyMap<Option, readonly FormName[]> {
  const first = new Map<string, Option>()
  const owners = new Map<Option, FormName[]>()
  for (const name of formNames)
    for (const option of formOf(name).options) {
      const key = option.attributeName()
      if (!first.has(key)) first.set(key, option)
      const known = first.get(key)!
      owners.set(known, [...(owners.get(known) ?? []), name])
    }
  return owners
}

/** Errors: UserError where an option of another form is given, or one that the form needs is not. */
function expectOwnOptions(command: Command, name: FormName): void {
  const { options, required } = formOf(name)
  const own = new Set(options.map(option => option.attributeName()))
  const isGiven = (attribute: string) => command.getOptionValueSource(attribute) === 'cli'
  for (const [option, owners] of ownersOf())
    if (isGiven(option.attributeName()) && !own.has(option.attributeName()))
      throw new UserError(
        `${option.long} belongs to --to ${owners.join(' and ')}, not to --to ${name}: leave it out`,
        2,
      )
  for (const option of options)
    if (required.includes(option.attributeName()) && !isGiven(option.attributeName()))
      throw new UserError(`--to ${name} needs '${option.flags}': ${option.description}`, 2)
}

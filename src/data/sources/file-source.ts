import path from 'node:path'
import { UserError } from '../../base/error.js'
import { InputFile } from '../../formats/input-file.js'
import { statOf } from '../folder-entries.js'
import { classNamesOf, type NamesInFile } from './class-names.js'
import { imagesOf } from './file-index.js'
import type { FileForm, ScanOptions } from './found-image.js'
import { type LookedThrough, setsOf } from './found-sets.js'
import { type Source, type Split, splits } from './source.js'
import { type SplitFiles, splitFiles } from './split-files.js'

/**
 * Files of one form, divided into sets by their names or folders. Where none says so, all are for evaluation. But of the
 * tables that may lie about in a folder only those count that say so, and one of a name that is reserved is of that
 * folder's images, which has no others in train/ or val/.
 */
export const fileSource = (form: FileForm): Source => ({
  beside: form.reserved ? ['place', 'splits'] : form.lists ? ['place'] : [],
  async open(place, wanted, options) {
    const isFolder = (await statOf(place))?.isDirectory() === true
    const named = await splitFiles(place, form)
    const isStray = form.lists && isFolder && (!form.reserved || (await isDivided(place)))
    const files = isStray ? { ...named, any: [] } : named
    if (files.train.length + files.val.length + files.test.length + files.any.length === 0) return undefined
    const found: Partial<Record<Split, readonly LookedThrough[]>> = {}
    for (const split of wanted) {
      const own = split === 'val' ? filesToMeasureOn(files) : files.train
      if (own.length > 0) found[split] = await lookThrough(own, form, options)
    }
    const folder = isFolder ? place : path.dirname(place)
    const labels = new Set((found.train ?? found.val ?? []).flatMap(({ images }) => images.map(({ label }) => label)))
    const naming = { numbering: options.labels, own: namesInFiles(found, form) }
    return setsOf(folder, found, await classNamesOf(labels, folder, naming))
  },
})

const filesToMeasureOn = ({ train, val, test, any }: SplitFiles): readonly string[] => {
  if (val.length > 0) return val
  return train.length + test.length > 0 ? test : any
}

async function isDivided(folder: string): Promise<boolean> {
  for (const split of splits) if (await statOf(path.join(folder, split))) return true
  return false
}

async function lookThrough(
  files: readonly string[],
  form: FileForm,
  options: ScanOptions,
): Promise<readonly LookedThrough[]> {
  const found: LookedThrough[] = []
  for (const file of files) found.push({ file, images: await imagesOf(file, form, options) })
  return found
}

/** The names that the files give their classes. Errors: `UserError` where two give other names to the same numbers. */
function namesInFiles(
  found: Readonly<Partial<Record<Split, readonly LookedThrough[]>>>,
  { classNames }: FileForm,
): NamesInFile | undefined {
  if (!classNames) return undefined
  let first: NamesInFile | undefined
  for (const { file } of Object.values(found).flat()) {
    using input = new InputFile(file)
    const names = classNames(input)
    if (!names) continue
    first ??= { file, names }
    if (names.length !== first.names.length || names.some((name, i) => name !== first!.names[i]))
      throw new UserError(`${first.file} and ${file} name their classes otherwise: put files of one data set together`)
  }
  return first
}

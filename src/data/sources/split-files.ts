import path from 'node:path'
import { UserError } from '../../base/error.js'
import { kindOf, sortedEntries, statOf } from '../folder-entries.js'
import type { FileForm } from './found-image.js'
import type { Split } from './source.js'

/** Files by the set that they belong to; `any` are those that do not say so. */
export type SplitFiles = Readonly<Record<Split | 'test' | 'any', readonly string[]>>

/** Words in names of files and folders, and what they mean. */
const words: readonly (readonly [RegExp, Split | 'test'])[] = [
  [/(?<![a-z])train(ing)?(?![a-z])/i, 'train'],
  [/(?<![a-z])val(id(ation)?)?(?![a-z])/i, 'val'],
  [/(?<![a-z])test(ing)?(?![a-z])/i, 'test'],
]

/**
 * The files that a form takes by their names, at `place`, in its folder data/, or in folders such as train/ and
 * validation/: `place` may be such a file itself. Links are followed, each real folder once; hidden files are passed
 * over, and those of test sets where nothing is known of their classes. Errors: `UserError` where several
 * configurations lie there, and none is named.
 */
export async function splitFiles(place: string, form: FileForm): Promise<SplitFiles> {
  const found = await filesAt(place, form)
  if (!form.hasConfigurations || countOf(found) > 0) return found
  const configurations: { readonly name: string; readonly files: SplitFiles }[] = []
  for (const { name, at } of await foldersIn(place)) {
    const files = await filesAt(at, form)
    if (countOf(files) > 0) configurations.push({ name, files })
  }
  const [first, second] = configurations
  if (second)
    throw new UserError(
      `${place} holds several data sets: give the folder of one of them, ${configurations.map(({ name }) => path.join(place, name)).join(', ')}`,
    )
  return first?.files ?? found
}

const countOf = (files: SplitFiles): number => Object.values(files).reduce((sum, { length }) => sum + length, 0)

async function foldersIn(place: string): Promise<readonly { readonly name: string; readonly at: string }[]> {
  if (!(await statOf(place))?.isDirectory()) return []
  const folders: { readonly name: string; readonly at: string }[] = []
  for (const entry of await sortedEntries(place)) {
    const at = path.join(place, entry.name)
    if ((await kindOf(entry, at)) === 'folder') folders.push({ name: entry.name, at })
  }
  return folders
}

async function filesAt(place: string, { accepts, labelsTests = false }: FileForm): Promise<SplitFiles> {
  const found = { train: [] as string[], val: [] as string[], test: [] as string[], any: [] as string[] }
  if (!(await statOf(place))?.isDirectory()) {
    if (accepts(path.basename(place))) found.any.push(place)
    return found
  }
  const visited = new Set<string>()
  const look = async (folder: string, split: Split | 'test' | undefined) => {
    const real = await statOf(folder)
    const identity = `${real?.dev}:${real?.ino}`
    if (visited.has(identity)) return
    visited.add(identity)
    for (const entry of await sortedEntries(folder)) {
      const at = path.join(folder, entry.name)
      const kind = await kindOf(entry, at)
      const said = split ?? words.find(([pattern]) => pattern.test(entry.name))?.[1]
      if (said === 'test' && !labelsTests) continue
      if (kind === 'folder' && folder === place) {
        if (entry.name === 'data' || said) await look(at, said)
      } else if (kind === 'file' && accepts(entry.name)) found[said ?? 'any'].push(at)
    }
  }
  await look(place, undefined)
  return found
}

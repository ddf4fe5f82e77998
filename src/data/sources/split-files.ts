import path from 'node:path'
import { kindOf, sortedEntries, statOf } from '../folder-entries.js'
import type { Split } from './source.js'

/** Files by the set that they belong to; `any` are those that do not say so. */
export type SplitFiles = Readonly<Record<Split | 'any', readonly string[]>>

/** Words in names of files and folders, and what they mean; nothing is known of a test set's classes. */
const words: readonly (readonly [RegExp, Split | undefined])[] = [
  [/(?<![a-z])train(ing)?(?![a-z])/i, 'train'],
  [/(?<![a-z])val(id(ation)?)?(?![a-z])/i, 'val'],
  [/(?<![a-z])test(ing)?(?![a-z])/i, undefined],
]

/**
 * The files that `accepts` takes by their names, at `place`, in its folder data/, or in folders such as train/ and
 * validation/: `place` may be such a file itself. Links are followed, each real folder once; hidden files are passed over.
 */
export async function splitFiles(place: string, accepts: (name: string) => boolean): Promise<SplitFiles> {
  const found = { train: [] as string[], val: [] as string[], any: [] as string[] }
  if (!(await statOf(place))?.isDirectory()) {
    if (accepts(path.basename(place))) found.any.push(place)
    return found
  }
  const visited = new Set<string>()
  const look = async (folder: string, split: Split | undefined) => {
    const real = await statOf(folder)
    const identity = `${real?.dev}:${real?.ino}`
    if (visited.has(identity)) return
    visited.add(identity)
    for (const entry of await sortedEntries(folder)) {
      const at = path.join(folder, entry.name)
      const kind = await kindOf(entry, at)
      const word = words.find(([pattern]) => pattern.test(entry.name))
      if (kind === 'folder' && folder === place) {
        if (entry.name === 'data') await look(at, undefined)
        else if (word?.[1]) await look(at, word[1])
      } else if (kind === 'file' && accepts(entry.name)) {
        if (split) found[split].push(at)
        else if (!word) found.any.push(at)
        else if (word[1]) found[word[1]].push(at)
      }
    }
  }
  await look(place, undefined)
  return found
}

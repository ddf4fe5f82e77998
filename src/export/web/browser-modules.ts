import { readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * The built modules that a browser needs to run `entries`, these included: the program by the module's path from `root`.
 * What a page computes is thus computed by the same code as here.
 *
 * @param root folder of the built modules
 * @param entries paths from there
 */
export function browserModules(root: string, entries: readonly string[]): ReadonlyMap<string, string> {
  const modules = new Map<string, string>()
  const add = (name: string) => {
    if (modules.has(name)) return
    const text = readFileSync(path.join(root, name), 'utf8').replace(/^\/\/# sourceMappingURL=.*\n?/m, '')
    modules.set(name, text)
    for (const [, wanted] of text.matchAll(/^(?:(?:import|export)\s[^'"]*?from|import)\s+['"]([^'"]+)['"]/gm)) {
      if (!wanted!.startsWith('.')) throw new Error(`${name} imports '${wanted}', which a browser cannot load`)
      add(path.posix.join(path.posix.dirname(name), wanted!))
    }
  }
  for (const entry of entries) add(entry)
  return modules
}

import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { temporaryFolder } from './picture.js'

/** What happens to the process that reads the image, in JavaScript. */
export const poisons = {
  crash: `process.kill(process.pid, 'SIGSEGV'); for (;;);`,
  hang: 'for (;;);',
}

/**
 * A module that lets one image do harm to the process of a loader or a verification that reads it, wherever else it is
 * loaded to no effect.
 *
 * @param name how the path of the image's file ends
 * @param once the harm is done to the first process only
 */
export async function writePoison(
  t: TestContext,
  name: string,
  poison: keyof typeof poisons,
  once = false,
): Promise<URL> {
  const folder = await temporaryFolder(t)
  const file = path.join(folder, 'poison.mjs')
  const mark = JSON.stringify(path.join(folder, 'done'))
  await writeFile(
    file,
    `import fs from 'node:fs'
    import { syncBuiltinESMExports } from 'node:module'
    const touch = place => {
      if (!String(place).endsWith(${JSON.stringify(name)})) return
      if (${once}) {
        if (fs.existsSync(${mark})) return
        fs.writeFileSync(${mark}, '')
      }
      ${poisons[poison]}
    }
    if (/loader-worker\\.js$|decoder-process\\.js$/.test(process.argv[1])) {
      for (const [holder, name] of [[fs, 'readFileSync'], [fs.promises, 'readFile']]) {
        const read = holder[name]
        holder[name] = (place, ...rest) => (touch(place), read(place, ...rest))
      }
      syncBuiltinESMExports()
    }\n`,
  )
  return pathToFileURL(file)
}

/** Runs `work` where processes that are started load a module first. */
export async function withPreloaded<T>(module: URL, work: () => Promise<T>): Promise<T> {
  const before = process.env.NODE_OPTIONS
  process.env.NODE_OPTIONS = `--import=${module.href}`
  try {
    return await work()
  } finally {
    if (before === undefined) delete process.env.NODE_OPTIONS
    else process.env.NODE_OPTIONS = before
  }
}

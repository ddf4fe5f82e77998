import { createHash } from 'node:crypto'
import { accessSync, constants, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { cacheFolder } from '../base/cache-folder.js'
import { fileError, systemCode } from '../formats/file-error.js'
import type { Replicas } from '../training/replicas/replicas.js'

const ending = '.progress'
const keptDays = 30

/** The file in `folder` for the progress of an evaluation that these words describe; other words, another file. */
export function progressFile(folder: string, words: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(words)).digest('hex')
  return path.join(folder, digest.slice(0, 16) + ending)
}

/** Where a replica keeps what it has done itself, if `file` is where one by itself would: each has a file of its own. */
export function ownProgressFile(file: string, { rank, size }: Pick<Replicas, 'rank' | 'size'>): string {
  const { dir, name, ext } = path.parse(file)
  return size === 1 ? file : path.join(dir, `${name}.${rank + 1}-of-${size}${ext}`)
}

/** All files of the evaluation whose progress is kept in `file`, however many replicas there were. */
export function progressFilesOf(file: string): string[] {
  const { dir, name, ext } = path.parse(file)
  const isOfIt = (other: string) => {
    if (!other.startsWith(name) || !other.endsWith(ext)) return false
    return /^(\.\d+-of-\d+)?$/.test(other.slice(name.length, other.length - ext.length))
  }
  return namesIn(dir || '.')
    .filter(isOfIt)
    .sort()
    .map(other => path.join(dir, other))
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw fileError('read', folder, error)
  }
}

/**
 * The folder for the progress of evaluations that are given none, in the user's cache folder; undefined when nothing can
 * be written there. What nobody has gone on with for a month is removed from it.
 */
export function cachedProgressFolder(env: NodeJS.ProcessEnv = process.env, now = Date.now()): string | undefined {
  const folder = path.join(cacheFolder(env), 'evaluations')
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
    for (const name of readdirSync(folder)) {
      const file = path.join(folder, name)
      if (name.endsWith(ending) && now - statSync(file).mtimeMs > keptDays * 86_400_000) rmSync(file, { force: true })
    }
    return folder
  } catch {
    // A read-only home must not stop an evaluation: then an interrupted one begins again.
    return undefined
  }
}

import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { UserError } from '../../base/error.js'
import { fileError } from '../../formats/file-error.js'
import type { Replicas } from './replicas.js'

/** Looks, and milliseconds between them: a network's file system may show a new file a moment late. */
const [looks, pause] = [7, 500]

/**
 * Checks that what the first replica writes in `folder`, which it makes if it is missing, is seen by the others.
 * Errors: UserError on all replicas, naming one that does not see it; an empty folder is then removed.
 */
export async function expectShared(replicas: Replicas, folder: string): Promise<void> {
  if (replicas.size === 1) return
  const token = await replicas.fromFirst(() => `.replicas-${randomUUID()}`)
  const file = path.join(folder, token)
  if (replicas.isFirst) put(file)
  replicas.gather(true)
  const seen = replicas.gather(await isSeen(file))
  if (replicas.isFirst) rmSync(file, { force: true })
  const blind = seen.indexOf(false)
  if (blind < 0) return
  if (replicas.isFirst && readdirSync(folder).length === 0) rmdirSync(folder)
  throw new UserError(
    `${folder} is not shared: ${replicas.name(blind)} does not see what ${replicas.name(0)} writes there; give a folder (--out) on a file system that all hosts have at the same place`,
  )
}

function put(file: string): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, '')
  } catch (error) {
    throw fileError('write', file, error)
  }
}

async function isSeen(file: string): Promise<boolean> {
  for (let look = 1; look < looks; look++) {
    if (existsSync(file)) return true
    await sleep(pause)
  }
  return existsSync(file)
}

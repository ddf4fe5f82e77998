import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, realpathSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../base/error.js'
import { fileError, systemCode } from './file-error.js'

/**
 * Makes a folder that appears whole or not at all: `fill` writes into a folder beside it, which then takes its name.
 * Errors: `UserError` where `folder` exists and is not empty, and where the system refuses; what `fill` throws passes
 * through, and nothing is left.
 */
export async function writeNewFolder<T>(folder: string, fill: (partial: string) => Promise<T>): Promise<T> {
  const whole = expectFree(folder)
  const partial = path.join(path.dirname(whole), `.${path.basename(whole)}.${randomBytes(6).toString('hex')}.partial`)
  let first: string | undefined
  try {
    first = mkdirSync(partial, { recursive: true })
    const result = await fill(partial)
    renameSync(partial, whole)
    return result
  } catch (error) {
    removeMade(partial, first)
    throw fileError('write', folder, error)
  }
}

/** Removes a folder and those above it that were made for it, the uppermost being `first`, unless others use them. */
function removeMade(partial: string, first = partial): void {
  try {
    rmSync(partial, { recursive: true, force: true })
    const highest = path.toNamespacedPath(first)
    for (let made = partial; path.toNamespacedPath(made) !== highest; ) {
      made = path.dirname(made)
      rmdirSync(made)
    }
  } catch {
    // The error that made this necessary is the one to tell.
  }
}

/**
 * Returns the path to give the folder, which is where a link leads. Errors: `UserError` where `folder` cannot be made
 * because something is there.
 */
export function expectFree(folder: string): string {
  let entries: readonly string[]
  try {
    entries = readdirSync(folder)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return path.resolve(folder)
    throw fileError('write', folder, error)
  }
  if (entries.length > 0)
    throw new UserError(`${folder} is not empty: choose another folder (--out) or remove this one`, 2)
  return realpathSync(folder)
}

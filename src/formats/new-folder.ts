import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../base/error.js'
import { fileError, systemCode } from './file-error.js'

/**
 * Makes a folder that appears whole or not at all: `fill` writes into a folder beside it, which then takes its name.
 * Errors: `UserError` where `folder` exists and is not empty, and where the system refuses; what `fill` throws passes
 * through, and nothing is left.
 */
export async function writeNewFolder<T>(folder: string, fill: (partial: string) => Promise<T>): Promise<T> {
  expectFree(folder)
  const whole = path.resolve(folder)
  const partial = path.join(path.dirname(whole), `.${path.basename(whole)}.${randomBytes(6).toString('hex')}.partial`)
  try {
    mkdirSync(partial, { recursive: true })
    const result = await fill(partial)
    renameSync(partial, whole)
    return result
  } catch (error) {
    rmSync(partial, { recursive: true, force: true })
    throw fileError('write', folder, error)
  }
}

/** Errors: `UserError` where `folder` cannot be made because something is there. */
export function expectFree(folder: string): void {
  let entries: readonly string[]
  try {
    entries = readdirSync(folder)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return
    throw fileError('write', folder, error)
  }
  if (entries.length > 0)
    throw new UserError(`${folder} is not empty: choose another folder (--out) or remove this one`, 2)
}

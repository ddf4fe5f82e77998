import { existsSync } from 'node:fs'
import { UserError } from '../../base/error.js'
import { writeText } from '../../formats/atomic-file.js'
import { encodeJson, isJsonObject, type Json } from '../../formats/json.js'
import { readJsonFile } from '../../formats/json-file.js'
import { oddityNames } from '../image-facts.js'
import type { BadImageNote } from '../loader.js'
import { nothingVerified, type Verification } from './verify.js'

/** A million bad images with their reasons, and no more. */
const mostBytes = 512 * 2 ** 20

/** Errors: `UserError` where the file cannot be written. */
export const writeVerification = (file: string, state: Verification): void =>
  writeText(file, `${encodeJson(state, 'the report', 2)}\n`)

/**
 * Where to begin: at what a report of this folder has that was interrupted, else at nothing.
 *
 * Errors: `UserError` for a file that is no such report, which is not overwritten, and for one of another folder.
 */
export function resumeVerification(file: string, folder: string): Verification {
  if (!existsSync(file)) return nothingVerified(folder)
  const found = parse(readJsonFile(file, mostBytes))
  if (!found) throw new UserError(`${file} is no report of verified images: give another file (--report)`)
  if (found.folder !== folder)
    throw new UserError(`${file} is the report of ${found.folder}: give another file (--report), or remove it`)
  return found.complete ? nothingVerified(folder) : found
}

function parse(value: Json): Verification | undefined {
  if (!isJsonObject(value)) return undefined
  const { folder, complete, upTo, images, bytes, seconds, formats, oddities, bad, unread } = value
  const isCount = (n: Json | undefined): n is number => typeof n === 'number' && n >= 0
  const isName = (name: Json | undefined): name is string => typeof name === 'string'
  if (!isName(folder) || typeof complete !== 'boolean' || !(upTo === null || isName(upTo))) return undefined
  if (!isCount(images) || !isCount(bytes) || !isCount(seconds)) return undefined
  if (!isJsonObject(formats) || !Object.values(formats).every(isCount)) return undefined
  if (!isJsonObject(oddities)) return undefined
  const odd = Object.entries(oddities)
  const known: readonly string[] = oddityNames
  if (!odd.every(([name, files]) => known.includes(name) && Array.isArray(files) && files.every(isName)))
    return undefined
  if (!isNotes(bad) || !isNotes(unread)) return undefined
  return {
    ...{ folder, complete, upTo, images, bytes, seconds, bad, unread },
    formats: formats as Verification['formats'],
    oddities: oddities as Verification['oddities'],
  }
}

const isNotes = (value: Json | undefined): value is Json & readonly (Json & BadImageNote)[] =>
  Array.isArray(value) &&
  value.every(each => {
    const { path, reason } = isJsonObject(each) ? each : {}
    return typeof path === 'string' && typeof reason === 'string'
  })

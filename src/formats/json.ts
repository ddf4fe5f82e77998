import { UserError } from '../base/error.js'

export type Json = null | boolean | number | string | readonly Json[] | JsonObject

export interface JsonObject {
  readonly [key: string]: Json
}

/**
 * `value` as JSON text that reads back equal. `JSON.stringify` writes NaN as null, drops functions and flattens classes
 * without a word; here they are errors that name the place, starting with `what`. Fields that are undefined are left
 * out, and −0 reads back as 0. Errors: a plain `Error`, since the caller made the value.
 */
export function encodeJson(value: object, what: string, indent?: number): string {
  check(value, what)
  return JSON.stringify(value, null, indent)
}

function check(value: unknown, place: string): void {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Error(`${place} is ${value}, which JSON cannot hold`)
    return
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) check(value[i], `${place}[${i}]`)
    return
  }
  if (typeof value === 'object') {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) {
      for (const [key, field] of Object.entries(value)) if (field !== undefined) check(field, `${place}.${key}`)
      return
    }
  }
  throw new Error(`${place} is not plain data, which is all that JSON can hold`)
}

/** The object that `text` holds. Errors: `UserError` saying that `where` is damaged. */
export function decodeJsonObject(text: string, where: string): JsonObject {
  let value: Json
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UserError(`${where} is damaged: it is not JSON; restore it from a copy`, 1, { cause: error })
  }
  if (!isJsonObject(value)) throw new UserError(`${where} is damaged: it is not a JSON object; restore it from a copy`)
  return value
}

export const isJsonObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

import { UserError, unknownChoice } from '../base/error.js'
import { quote } from './header-json.js'

/** Reads the value at a place, or throws a `UserError` that names the place and what must stand there. */
export type Read<T> = (at: JsonPlace) => T

/** A key that may be missing. */
export interface Optional<T> {
  readonly ifThere: Read<T>
}

/** How each key of an object is read; none can be forgotten. */
export type Form<T> = {
  readonly [K in keyof T]-?: undefined extends T[K] ? Optional<Exclude<T[K], undefined>> : Read<T[K]>
}

/** A value of parsed JSON, and where it stands. */
export class JsonPlace {
  readonly value: unknown
  /** "preset.json", "preset.json: comparison.seeds[0]". */
  readonly name: string
  readonly #root: boolean

  /** The whole of `file`, unless it is part of another place. */
  constructor(value: unknown, file: string, root = true) {
    this.value = value
    this.name = file
    this.#root = root
  }

  child(key: string | number): JsonPlace {
    const step = typeof key === 'number' ? `[${key}]` : /^\w+$/.test(key) ? `.${key}` : `[${quote(key)}]`
    const name = this.#root ? `${this.name}: ${step.replace(/^\./, '')}` : `${this.name}${step}`
    const own = Object.hasOwn(this.value as object, key)
    return new JsonPlace(own ? (this.value as Readonly<Record<string | number, unknown>>)[key] : undefined, name, false)
  }

  fail(what: string): never {
    throw new UserError(`${this.name}: ${what}`, 2)
  }

  /** Fails because the value is not `wanted`. */
  refuse(wanted: string): never {
    return this.fail(this.value === undefined ? `is missing; it must be ${wanted}` : `must be ${wanted}, not ${this}`)
  }

  /** The value as a message shows it: short, on one line. */
  toString(): string {
    const { value } = this
    if (typeof value === 'string') return quote(value)
    if (Array.isArray(value)) return 'a list'
    return typeof value === 'object' && value !== null ? 'an object' : String(value)
  }
}

export const optional = <T>(read: Read<T>): Optional<T> => ({ ifThere: read })

export interface Range {
  readonly least?: number
  /** The number must be larger than this one. */
  readonly above?: number
  readonly most?: number
}

export const realNumber =
  ({ least, above, most }: Range = {}): Read<number> =>
  at => {
    const { value } = at
    if (
      typeof value === 'number' &&
      Number.isFinite(value) &&
      value >= (least ?? -Infinity) &&
      value > (above ?? -Infinity) &&
      value <= (most ?? Infinity)
    )
      return value
    const limits = [
      ...(least === undefined ? [] : [`of at least ${least}`]),
      ...(above === undefined ? [] : [`above ${above}`]),
      ...(most === undefined ? [] : [`of at most ${most}`]),
    ]
    return at.refuse(['a number', limits.join(' and ')].filter(Boolean).join(' '))
  }

export const wholeNumber =
  (least: number, most = Number.MAX_SAFE_INTEGER): Read<number> =>
  at => {
    const { value } = at
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value
    const upTo = most === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${most}`
    return at.refuse(`a whole number of at least ${least}${upTo}`)
  }

export const truth: Read<boolean> = at =>
  typeof at.value === 'boolean' ? at.value : at.refuse('true or false, without quotes')

/** Text that matches a pattern; `wanted` is the pattern in words. */
export const text =
  (pattern: RegExp, wanted: string): Read<string> =>
  at =>
    typeof at.value === 'string' && pattern.test(at.value) ? at.value : at.refuse(wanted)

/** Text of one line, not empty. */
export const line = (mostCharacters: number): Read<string> =>
  text(
    new RegExp(`^[^\\p{Cc}\\p{Cs}\\u2028\\u2029]{1,${mostCharacters}}$`, 'u'),
    `a line of text in double quotes, of at most ${mostCharacters} characters`,
  )

/** One of the words; a slip of the keyboard gets the nearest suggested. */
export const choice =
  <const T extends string>(kind: string, words: readonly T[]): Read<T> =>
  at => {
    const found = words.find(word => word === at.value)
    if (found !== undefined) return found
    if (typeof at.value !== 'string') return at.refuse(`one of ${words.map(quote).join(', ')}`)
    return at.fail(unknownChoice(kind, shortened(at.value), words).message)
  }

export const list =
  <T>(item: Read<T>, least = 0): Read<readonly T[]> =>
  at => {
    const { value } = at
    if (!Array.isArray(value)) return at.refuse('a list in square brackets')
    if (value.length < least) return at.fail(`must have ${least} or more items, and has ${value.length}`)
    return value.map((_, i) => item(at.child(i)))
  }

/** An object whose keys are any names. */
export const record =
  <T>(member: Read<T>): Read<Readonly<Record<string, T>>> =>
  at => {
    const keys = keysOf(at)
    const wrong = keys.find(key => !/^[\w-]{1,100}$/.test(key))
    if (wrong !== undefined) at.fail(`${quote(wrong)} is no name: it must be of letters, digits, - and _`)
    return Object.fromEntries(keys.map(key => [key, member(at.child(key))]))
  }

/** Fails at a key that is not among `known`, with the nearest one that is. */
export function expectKnown(at: JsonPlace, known: readonly string[]): void {
  const unknown = keysOf(at).find(key => !known.includes(key))
  if (unknown !== undefined) at.fail(unknownChoice('key', shortened(unknown), known).message)
}

/** An object with the keys of a form, in the form's order; others are unknown. */
export const fields =
  <T extends object>(form: Form<T>): Read<T> =>
  at => {
    expectKnown(at, Object.keys(form))
    const entries = Object.entries<Read<unknown> | Optional<unknown>>(form).flatMap(([key, field]) => {
      if (typeof field === 'function') return [[key, field(at.child(key))]]
      const member = at.child(key)
      return member.value === undefined ? [] : [[key, field.ifThere(member)]]
    })
    return Object.fromEntries(entries) as T
  }

/** The form in which any key may be missing. */
export const partial = <T>(form: { readonly [K in keyof T]: Read<T[K]> }): Form<Partial<T>> =>
  Object.fromEntries(
    Object.entries<Read<unknown>>(form).map(([key, read]) => [key, optional(read)]),
  ) as unknown as Form<Partial<T>>

function keysOf(at: JsonPlace): readonly string[] {
  const { value } = at
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return at.refuse('an object in braces')
  return Object.keys(value)
}

/** Of bounded length, without quotes, on one line. */
const shortened = (word: string): string => quote(word).slice(1, -1)

import { UserError } from '../base/error.js'
import { formatBytes } from '../base/format.js'
import { quote } from './header-json.js'
import { InputFile } from './input-file.js'
import type { Json, JsonObject } from './json.js'

/**
 * The value in a JSON file written by hand. Errors: `UserError` when the file cannot be read, has more than `mostBytes`,
 * or is no JSON in UTF-8; then with line and column.
 */
export function readJsonFile(file: string, mostBytes: number): Json {
  using input = new InputFile(file)
  if (input.size > mostBytes)
    throw new UserError(
      `${file} has ${formatBytes(input.size)}, and more than ${formatBytes(mostBytes)} are not read: check the path`,
      2,
    )
  const bytes = input.read(0, input.size)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new UserError(`${file} is no text in UTF-8: give a JSON file`, 2, { cause: error })
  }
  return parseJson(text, file)
}

/**
 * As `JSON.parse`, but errors name line and column, and two equal keys in an object are one: `JSON.parse` would let the
 * last win without a word. Errors: `UserError` that begins with `where`.
 */
export function parseJson(text: string, where: string): Json {
  return new JsonText(text, (what, at) => {
    const lines = text.slice(0, at).split('\n')
    throw new UserError(`${where}: line ${lines.length}, column ${lines.at(-1)!.length + 1}: ${what}`, 2)
  }).whole()
}

/** Far beyond what anybody writes by hand, and no danger to the stack. */
const mostDepth = 100

class JsonText {
  readonly #text: string
  readonly #fail: (what: string, at: number) => never
  #at = 0

  constructor(text: string, fail: (what: string, at: number) => never) {
    this.#text = text
    this.#fail = fail
  }

  whole(): Json {
    const value = this.#value(0)
    if (this.#next() !== undefined) this.#fail(`the end was expected, not ${this.#found()}`, this.#at)
    return value
  }

  #value(depth: number): Json {
    const first = this.#next()
    if (depth > mostDepth) this.#fail(`lists and objects are more than ${mostDepth} deep`, this.#at)
    if (first === '{') return this.#object(depth)
    if (first === '[') return this.#array(depth)
    return first === '"' ? this.#string() : this.#word()
  }

  #object(depth: number): JsonObject {
    const members = new Map<string, Json>()
    this.#list('}', () => {
      if (this.#next() !== '"') this.#fail(`a key in double quotes was expected, not ${this.#found()}`, this.#at)
      const start = this.#at
      const key = this.#string()
      if (members.has(key)) this.#fail(`the key ${quote(key)} is there twice`, start)
      this.#expect(':')
      members.set(key, this.#value(depth + 1))
    })
    return Object.fromEntries(members)
  }

  #array(depth: number): Json[] {
    const items: Json[] = []
    this.#list(']', () => items.push(this.#value(depth + 1)))
    return items
  }

  #list(close: string, element: () => void): void {
    this.#at++
    if (this.#next() !== close)
      for (;;) {
        element()
        if (this.#next() === close) break
        this.#expect(',', `',' or '${close}'`)
      }
    this.#at++
  }

  #string(): string {
    const start = this.#at
    let end = start + 1
    for (; this.#text[end] !== '"'; end += this.#text[end] === '\\' ? 2 : 1)
      if (end >= this.#text.length || this.#text[end] === '\n') this.#fail('a string has no end on its line', start)
    this.#at = end + 1
    return this.#scalar(start, 'a string holds a control character or an unknown escape') as string
  }

  /** A number, true, false or null. */
  #word(): Json {
    const start = this.#at
    const word = /[^\s,:[\]{}"]*/y
    word.lastIndex = start
    const [found] = word.exec(this.#text)!
    if (found === '') this.#fail(`a value was expected, not ${this.#found()}`, start)
    this.#at = start + found.length
    return this.#scalar(
      start,
      `${quote(found)} is no value: strings stand in double quotes, numbers are like 1.5 or 1e-6`,
    )
  }

  /** What stands between `start` and here. */
  #scalar(start: number, otherwise: string): Json {
    try {
      return JSON.parse(this.#text.slice(start, this.#at))
    } catch {
      return this.#fail(otherwise, start)
    }
  }

  #expect(character: string, described = `'${character}'`): void {
    if (this.#next() !== character) this.#fail(`${described} was expected, not ${this.#found()}`, this.#at)
    this.#at++
  }

  /** The next character that is no white space. */
  #next(): string | undefined {
    while (/[ \t\n\r]/.test(this.#text[this.#at] ?? '')) this.#at++
    return this.#text[this.#at]
  }

  #found(): string {
    const character = this.#text[this.#at]
    return character === undefined ? 'the end' : quote(character)
  }
}

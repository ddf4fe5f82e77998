/**
 * Reads the part of JSON that the header of a safetensors file is made of (objects, arrays, strings and whole numbers),
 * piece by piece as its caller expects them, so that nothing is built for a header that is not one. Stricter than
 * `JSON.parse`, which lets the last of two equal keys win: readers that disagree on such a file would load different
 * weights from it. So equal keys are refused, and so are numbers written any other way than 0, 1, 2, … and halves of
 * surrogate pairs.
 */
export class HeaderReader {
  readonly #text: string
  readonly #fail: (reason: string) => never
  #at = 0

  /** `fail` throws the error to report, given the reason. */
  constructor(text: string, fail: (reason: string) => never) {
    this.#text = text
    this.#fail = fail
  }

  /** Calls `member` with each key in turn; it must read that key's value. */
  object(member: (key: string) => void): void {
    const seen = new Set<string>()
    this.#list('{', '}', () => {
      const key = this.string()
      if (seen.has(key)) this.#fail(`the key ${quote(key)} is there twice`)
      seen.add(key)
      this.#expect(':')
      member(key)
    })
  }

  /** Calls `item` for each item in turn; it must read the item. */
  array(item: () => void): void {
    this.#list('[', ']', item)
  }

  string(): string {
    this.#expect('"')
    const start = this.#at
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code === 0x22) break
      if (Number.isNaN(code)) this.#fail('a string has no end')
      if (code < 0x20) this.#fail(`a string holds an unescaped control character at character ${this.#at}`)
      this.#at += code === 0x5c ? 2 : 1
    }
    const raw = this.#text.slice(start, this.#at++)
    if (!raw.includes('\\')) return raw
    const value = decodeEscapes(raw)
    if (value === undefined) this.#fail(`a string holds an invalid escape after character ${start}`)
    if (/\p{Surrogate}/u.test(value)) this.#fail(`a string holds half a character after character ${start}`)
    return value
  }

  /** A whole number from 0 to 2⁵³ − 1. */
  wholeNumber(): number {
    this.#skipSpace()
    const start = this.#at
    while (isDigit(this.#text.charCodeAt(this.#at))) this.#at++
    const digits = this.#text.slice(start, this.#at)
    const wellFormed = digits.length > 0 && digits.length <= 16 && !(digits.length > 1 && digits.startsWith('0'))
    const value = wellFormed ? Number(digits) : Number.NaN
    if (!Number.isSafeInteger(value) || /[.eE]/.test(this.#text[this.#at] ?? ''))
      this.#fail(`a whole number from 0 to 2^53 - 1 was expected at character ${start}`)
    return value
  }

  /** Nothing but white space may follow. */
  end(): void {
    this.#skipSpace()
    if (this.#at < this.#text.length) this.#fail(`something follows the header's end at character ${this.#at}`)
  }

  #list(open: string, close: string, element: () => void): void {
    this.#expect(open)
    this.#skipSpace()
    if (this.#text[this.#at] === close) {
      this.#at++
      return
    }
    for (;;) {
      element()
      this.#skipSpace()
      if (this.#text[this.#at] === close) break
      this.#expect(',')
    }
    this.#at++
  }

  #expect(character: string): void {
    this.#skipSpace()
    if (this.#text[this.#at] !== character) {
      const found = this.#at < this.#text.length ? quote(this.#text[this.#at]!) : 'the end'
      this.#fail(`'${character}' was expected at character ${this.#at}, not ${found}`)
    }
    this.#at++
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at++
    }
  }
}

/** A name out of a file as it may appear in a message: quoted, escaped, and of bounded length. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name)
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

/** The text between the quotes of a JSON string, decoded; undefined when an escape is not one of JSON's. */
function decodeEscapes(raw: string): string | undefined {
  try {
    const value: unknown = JSON.parse(`"${raw}"`)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

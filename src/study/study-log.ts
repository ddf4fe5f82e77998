import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../base/error.js'
import { writeAtomically } from '../formats/atomic-file.js'
import { fileError } from '../formats/file-error.js'
import { isJsonObject, type Json } from '../formats/json.js'

/** What a study is of; a folder is of one. */
export type Asked = Readonly<
  Record<'preset' | 'data' | 'precision' | 'excluded images', unknown> &
    Partial<Record<'numbering of classes' | 'source of boxes', unknown>>
>

interface State {
  readonly asked: Record<string, string>
  readonly startedAt: string
  readonly seconds: number
}

/** The study's own note of what it is of, when it began and how long it has taken over all its sittings. */
export class StudyLog {
  readonly #file: string
  #state: State

  /** Errors: UserError when the folder holds a study of something else, or of another version of this program. */
  constructor(out: string, asked: Asked) {
    this.#file = path.join(out, 'study.json')
    const wanted = Object.fromEntries(
      Object.entries(asked).flatMap(([what, value]) => (value === undefined ? [] : [[what, JSON.stringify(value)]])),
    )
    this.#state = existsSync(this.#file)
      ? readState(this.#file)
      : { asked: wanted, startedAt: new Date().toISOString(), seconds: 0 }
    const all = new Set([...Object.keys(wanted), ...Object.keys(this.#state.asked)])
    const other = [...all].filter(what => this.#state.asked[what] !== wanted[what])
    if (other.length > 0)
      throw new UserError(
        `${out} holds a study with another ${other.join(' and another ')}: give another folder (--out), or remove that one`,
      )
  }

  get startedAt(): string {
    return this.#state.startedAt
  }

  /** Writes the note: from here on the folder is this study's. */
  begin(): void {
    writeText(this.#file, `${JSON.stringify(this.#state, undefined, 2)}\n`)
  }

  /** Adds a sitting and returns the time of all. */
  add(seconds: number): number {
    this.#state = { ...this.#state, seconds: this.#state.seconds + seconds }
    this.begin()
    return this.#state.seconds
  }
}

function readState(file: string): State {
  let found: Json
  try {
    found = JSON.parse(readFileSync(file, 'utf8')) as Json
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw fileError('read', file, error)
    throw new UserError(`${file} is damaged: remove it to go on with the runs beside it`)
  }
  const { asked, startedAt, seconds } = isJsonObject(found) ? found : {}
  if (!isJsonObject(asked) || typeof startedAt !== 'string' || typeof seconds !== 'number')
    throw new UserError(
      `${file} was written by another version of this program: give another folder (--out), or use that version to go on`,
    )
  return { asked: asked as State['asked'], startedAt, seconds }
}

/** Writes a text file atomically, its folder made if need be. */
export function writeText(file: string, text: string): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true })
  } catch (error) {
    throw fileError('make', path.dirname(file), error)
  }
  writeAtomically(file, out => out.append(new TextEncoder().encode(text)))
}

import { InvalidArgumentError } from 'commander'
import { unknownChoice } from '../base/error.js'

/** Readers of option values for commander: each returns the value or says in a few words what it must be. */
export const wholeNumber =
  (least: number, most = Number.POSITIVE_INFINITY) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(`It must be a whole number of at least ${least}${upTo(most)}.`)
    return value
  }

export const realNumber =
  (low: number, high = Number.POSITIVE_INFINITY) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isFinite(value) || value < low || value > high)
      throw new InvalidArgumentError(`It must be a number of at least ${low}${upTo(high)}.`)
    return value
  }

const upTo = (most: number) => (most === Number.POSITIVE_INFINITY ? '' : ` and at most ${most}`)

/** A number above zero, for what would make no sense, or no end, without. */
export const positiveNumber =
  (high = Number.POSITIVE_INFINITY) =>
  (text: string): number => {
    const value = realNumber(0, high)(text)
    if (value === 0) throw new InvalidArgumentError('It must be above 0.')
    return value
  }

/** One of a list; a slip of the keyboard gets the nearest suggested. */
export const oneOf =
  <const T extends string>(kind: string, choices: readonly T[]) =>
  (text: string): T => {
    const found = choices.find(choice => choice === text)
    if (found === undefined) throw unknownChoice(kind, text, choices)
    return found
  }

/** Far beyond any network, and still built in seconds. */
const mostRepeats = 1000

/** 'a=1,b=2' as counts by name. */
export function counts(text: string): Record<string, number> {
  const entries = text.split(',').map(part => /^([\w-]+)=(\d+)$/.exec(part.trim()))
  if (entries.some(entry => entry === null)) throw new InvalidArgumentError('Write it like a=2,b=3.')
  const found = entries.map(entry => [entry![1]!, Number(entry![2])] as const)
  if (found.some(([, count]) => count < 1 || count > mostRepeats))
    throw new InvalidArgumentError(`Counts go from 1 to ${mostRepeats}.`)
  return Object.fromEntries(found)
}

/** 'stem,inception_a.0' as a list of scopes of a network's text. */
export function scopes(text: string): string[] {
  const names = text.split(',').map(name => name.trim())
  if (names.includes('')) throw new InvalidArgumentError('Write it like stem,inception_a.0.')
  return [...new Set(names)]
}

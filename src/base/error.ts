/**
 * An error the user can act on: its message says what is wrong, where, and what to do, in one line.
 * `exitCode` 1 means the work failed, 2 means the command was misused.
 */
export class UserError extends Error {
  override readonly name = 'UserError'
  readonly exitCode: 1 | 2

  constructor(message: string, exitCode: 1 | 2 = 1, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}

/** Work was stopped on purpose, and there is more to say of it than that. */
export class Interruption extends Error {
  /** As errors of aborted work are called everywhere. */
  override readonly name = 'AbortError'
}

/** What an error named AbortError says to the user: those of Node and of the browser's interfaces have no words of use. */
export const interruptionIn = (error: Error): string =>
  error instanceof Interruption ? error.message : 'interrupted; the same command starts again'

/** The candidate closest to `word` in edit distance, if one is close enough to be a likely slip of the keyboard. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    const distance =
      candidate.startsWith(word) && word.length > 2 ? 1 : editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < least) {
      best = candidate
      least = distance
    }
  }
  return best
}

/** "unknown network 'inceptoin-v4': did you mean 'inception-v4'? There are: …" */
export function unknownChoice(kind: string, word: string, candidates: readonly string[]): UserError {
  const close = nearest(word, candidates)
  const hint = close === undefined ? '' : `did you mean '${close}'? `
  return new UserError(`unknown ${kind} '${word}': ${hint}There are: ${candidates.join(', ')}`, 2)
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]!
}

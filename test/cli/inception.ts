import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Watching {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** A line on standard error after which a signal is sent. */
  readonly after?: RegExp
  readonly send?: NodeJS.Signals
  /** Sends the signal when it is raised. */
  readonly signal?: AbortSignal
}

/** Runs the command as a user does, with one thread a process and no terminal. */
export function inception(
  args: readonly string[],
  { cwd, env, after, send = 'SIGTERM', signal }: Watching = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], { cwd, env: { ...process.env, OMP_NUM_THREADS: '1', ...env } })
  signal?.addEventListener('abort', () => child.kill(send))
  let [stdout, stderr, sent] = ['', '', false]
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    if (sent || !after?.test(stderr)) return
    sent = true
    child.kill(send)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

/** Checks that a command failed as it should: with this code and one line, without a stack. */
export function assertRefused({ code, stdout, stderr }: Ended, expected: 1 | 2, message: RegExp): void {
  assert.equal(code, expected, stderr)
  assert.equal(stdout, '')
  const lines = stderr.trimEnd().split('\n')
  assert.match(lines.at(-1)!, /^inception: /)
  assert.match(lines.at(-1)!, message)
  // A word about a missing library or slow arithmetic may come before it.
  for (const line of lines) assert.match(line, /^inception: /)
  assert.ok(lines.filter(line => !/oneDNN cannot be used|computing in f32/.test(line)).length === 1, stderr)
}

/** Checks that a command did its work. */
export function assertDone(ended: Ended): Ended {
  assert.equal(ended.code, 0, ended.stderr)
  return ended
}

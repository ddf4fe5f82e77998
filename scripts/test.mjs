// Runs the compiled tests: all of them, or those whose path contains one of the words given.
import { readdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const words = process.argv.slice(2)
const files = readdirSync(path.join(root, 'dist/test'), { recursive: true })
  .filter(file => file.endsWith('.test.js') && (words.length === 0 || words.some(word => file.includes(word))))
  .sort()
if (files.length === 0) {
  console.error(`no test file matches ${words.join(', ')}`)
  process.exit(2)
}

/** These take longest, the first of them a minute; begun last, one would keep a single core busy at the end. */
const long = [
  'golden/',
  'replicas/',
  'study/reproduce',
  'evaluation/evaluator',
  'cli/',
  'training/',
  'weights/',
  'export/',
]
const rank = file => {
  const found = long.findIndex(part => file.includes(part))
  return found < 0 ? long.length : found
}
files.sort((a, b) => rank(a) - rank(b))

process.chdir(root)
// Times measured while tests run beside each other are no good for anything else.
process.env.INCEPTION_CACHE = path.join(root, 'dist', 'tuning')
run({
  files: files.map(file => path.join(root, 'dist/test', file)),
  // Most tests compute with one thread, and wait for processes to start and end: Node's own choice, on two cores one file
  // at a time, would leave cores idle.
  concurrency: os.availableParallelism() + 1,
  timeout: 300_000,
})
  .on('test:fail', () => {
    process.exitCode = 1
  })
  .compose(new spec())
  .pipe(process.stdout)

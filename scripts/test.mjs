// Runs the compiled tests: all of them, or those whose path contains one of the words given.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const words = process.argv.slice(2)
const files = readdirSync(path.join(root, 'dist/test'), { recursive: true })
  .filter(file => file.endsWith('.test.js') && (words.length === 0 || words.some(word => file.includes(word))))
  .sort()
  .map(file => path.join('dist/test', file))
if (files.length === 0) {
  console.error(`no test file matches ${words.join(', ')}`)
  process.exit(2)
}
// Most tests compute with one thread, and wait for processes to start and end: Node's own choice, on two cores one file at
// a time, would leave cores idle.
const filesAtOnce = os.availableParallelism() + 1
const options = ['--test', `--test-concurrency=${filesAtOnce}`, '--test-reporter=spec', '--test-timeout=300000']
const done = spawnSync(process.execPath, [...options, ...files], {
  cwd: root,
  stdio: 'inherit',
  // Times measured while tests run beside each other are no good for anything else.
  env: { ...process.env, INCEPTION_CACHE: path.join(root, 'dist', 'tuning') },
})
process.exit(done.status ?? 1)

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import path from 'node:path'
import test, { after, beforeEach } from 'node:test'
import { UserError } from '../../src/base/error.js'
import { createRun, readSettings, resumeRun } from '../../src/training/run-folder.js'

const root = mkdtempSync(path.join(tmpdir(), 'run-folder-'))
after(() => rmSync(root, { recursive: true }))
let folder = ''
let turn = 0
beforeEach(() => {
  folder = path.join(root, `run ${turn++}`)
})

const settings = { network: 'inception-v4', width: 0.25, data: { folder: '/data', seed: 7 }, list: [1, null] }
const host = hostname().replace(/[^\w.-]/g, '_')

test('a run is created and found again', () => {
  {
    using run = createRun(path.join(folder, 'deep'), settings)
    assert.deepEqual(run.settings, settings)
    assert.ok(existsSync(run.checkpoints))
    assert.deepEqual(readSettings(run.path), settings)
  }
  using again = resumeRun(path.join(folder, 'deep'))
  assert.deepEqual(again.settings, settings)
  assert.equal(again.eventsFile, path.join(folder, 'deep', 'events.jsonl'))
  const stored: unknown = JSON.parse(readFileSync(path.join(again.path, 'run.json'), 'utf8'))
  assert.ok(typeof stored === 'object' && stored !== null && 'schema' in stored && stored.schema === 1)
})

test('a folder that holds another run is not overwritten', () => {
  createRun(folder, settings).close()
  const before = readFileSync(path.join(folder, 'run.json'))
  const refusal = (error: unknown) =>
    error instanceof UserError && error.exitCode === 2 && /holds another run.*--resume.*--out/.test(error.message)
  assert.throws(() => createRun(folder, { other: 1 }), refusal)
  assert.deepEqual(readFileSync(path.join(folder, 'run.json')), before)
  assert.deepEqual(readdirSync(folder).sort(), ['checkpoints', 'run.json'])

  for (const trace of ['events.jsonl', 'checkpoints/step-00000001.safetensors', 'report.html']) {
    const other = path.join(root, `trace of ${path.basename(trace)}`)
    mkdirSync(path.join(other, path.dirname(trace)), { recursive: true })
    writeFileSync(path.join(other, trace), '')
    assert.throws(() => createRun(other, settings), refusal)
  }
})

test('a folder with nothing of a run in it is taken', () => {
  mkdirSync(path.join(folder, 'checkpoints'), { recursive: true })
  writeFileSync(path.join(folder, 'notes.txt'), 'mine')
  createRun(folder, settings).close()
  assert.equal(readFileSync(path.join(folder, 'notes.txt'), 'utf8'), 'mine')
})

test('a missing or damaged run.json is told', () => {
  assert.throws(() => resumeRun(folder), /is not the folder of a run: it has no run\.json/)
  mkdirSync(folder)
  assert.throws(() => resumeRun(folder), /no run\.json/)
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /run\.json is damaged: it is not JSON/],
    ['{"schema": 1, "sett', /is damaged/],
    ['[]', /is damaged/],
    ['{"schema": 1}', /settings are missing/],
    ['{"schema": 1, "settings": []}', /settings are missing/],
    ['{"schema": "1", "settings": {}}', /schema or its settings/],
    ['{"schema": 2, "settings": {}}', /newer version/],
  ]
  for (const [text, message] of cases) {
    writeFileSync(path.join(folder, 'run.json'), text)
    assert.throws(
      () => resumeRun(folder),
      (error: unknown) => error instanceof UserError && message.test(error.message),
    )
  }
  assert.deepEqual(readdirSync(folder), ['run.json'])
})

test('a path that cannot be a folder is told', () => {
  writeFileSync(folder, '')
  assert.throws(() => createRun(folder, settings), UserError)
  assert.throws(() => createRun(path.join(folder, 'below'), settings), UserError)
  assert.throws(() => resumeRun(folder), /not the folder of a run/)
})

test('one process opens a run once at a time', () => {
  const run = createRun(folder, settings)
  assert.throws(() => resumeRun(folder), /already has .* open for training/)
  run.close()
  run.close()
  resumeRun(folder).close()
  assert.deepEqual(readdirSync(folder).sort(), ['checkpoints', 'run.json'])
})

test('another living process keeps the folder until it dies, however it dies', { timeout: 30_000 }, async () => {
  const module = new URL('../../src/training/run-folder.js', import.meta.url).href
  const program = `
    import { createRun } from ${JSON.stringify(module)}
    createRun(process.argv[1], {})
    process.stdout.write('open')
    process.stdin.resume()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  await once(child.stdout, 'data')
  assert.throws(() => resumeRun(folder), new RegExp(`in use: process ${child.pid} is training in it`))
  assert.deepEqual(readSettings(folder), {})
  child.kill('SIGKILL')
  await closed
  assert.equal(readdirSync(folder).filter(name => name.startsWith('.lock')).length, 1)
  resumeRun(folder).close()
  assert.deepEqual(readdirSync(folder).sort(), ['checkpoints', 'run.json'])
})

test('a lock of an earlier process with a number that is in use again is taken over', () => {
  createRun(folder, settings).close()
  for (const pid of [process.pid, process.ppid]) writeFileSync(path.join(folder, `.lock-${pid}-1-${host}`), '')
  const taken = () => resumeRun(folder).close()
  if (existsSync('/proc/self/stat')) taken()
  else assert.throws(taken, UserError)
})

test('a lock of another machine is respected, and the message names the file', () => {
  createRun(folder, settings).close()
  const lock = path.join(folder, '.lock-12-34-elsewhere')
  writeFileSync(lock, '')
  assert.throws(
    () => resumeRun(folder),
    (error: unknown) => error instanceof UserError && error.message.includes(`remove ${lock}`),
  )
  assert.ok(existsSync(lock))
  assert.equal(readdirSync(folder).filter(name => name.startsWith('.lock')).length, 1)
})

test('what a killed writer left is removed', () => {
  createRun(folder, settings).close()
  const left = ['.run.json.0123456789ab.tmp', 'checkpoints/.step-00000001.safetensors.0123456789ab.tmp']
  for (const name of left) writeFileSync(path.join(folder, name), '')
  resumeRun(folder).close()
  for (const name of left) assert.ok(!existsSync(path.join(folder, name)))
})

test('a folder that may not be written is told', {
  skip: process.getuid?.() === 0 && 'root may write anywhere',
}, () => {
  mkdirSync(folder)
  chmodSync(folder, 0o555)
  assert.throws(() => createRun(folder, settings), /permission denied/)
})

import assert from 'node:assert/strict'
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
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after, beforeEach } from 'node:test'
import { UserError } from '../../src/base/error.js'
import { createRun, type RunFolder, readSettings, resumeRun } from '../../src/training/run-folder.js'

const root = mkdtempSync(path.join(tmpdir(), 'run-folder-'))
after(() => rmSync(root, { recursive: true }))
let folder = ''
let turn = 0
beforeEach(() => {
  folder = path.join(root, `run ${turn++}`)
})

const settings = { network: 'inception-v4', width: 0.25, data: { folder: '/data', seed: 7 }, list: [1, null] }
const closed = async (run: Promise<RunFolder>) => (await run).close()

test('a run is created and found again', async () => {
  {
    using run = await createRun(path.join(folder, 'deep'), settings)
    assert.deepEqual(run.settings, settings)
    assert.ok(existsSync(run.checkpoints))
    assert.deepEqual(readSettings(run.path), settings)
  }
  using again = await resumeRun(path.join(folder, 'deep'))
  assert.deepEqual(again.settings, settings)
  assert.equal(again.eventsFile, path.join(folder, 'deep', 'events.jsonl'))
  const stored: unknown = JSON.parse(readFileSync(path.join(again.path, 'run.json'), 'utf8'))
  assert.ok(typeof stored === 'object' && stored !== null && 'schema' in stored && stored.schema === 1)
})

test('a folder that holds another run is not overwritten', async () => {
  await closed(createRun(folder, settings))
  const before = readFileSync(path.join(folder, 'run.json'))
  const refusal = (error: unknown) =>
    error instanceof UserError && error.exitCode === 2 && /holds another run.*--resume.*--out/.test(error.message)
  await assert.rejects(() => createRun(folder, { other: 1 }), refusal)
  assert.deepEqual(readFileSync(path.join(folder, 'run.json')), before)
  assert.deepEqual(readdirSync(folder).sort(), ['checkpoints', 'run.json'])

  for (const trace of ['events.jsonl', 'checkpoints/step-00000001.safetensors', 'report.html']) {
    const other = path.join(root, `trace of ${path.basename(trace)}`)
    mkdirSync(path.join(other, path.dirname(trace)), { recursive: true })
    writeFileSync(path.join(other, trace), '')
    await assert.rejects(() => createRun(other, settings), refusal)
  }
})

test('a folder with nothing of a run in it is taken', async () => {
  mkdirSync(path.join(folder, 'checkpoints'), { recursive: true })
  writeFileSync(path.join(folder, 'notes.txt'), 'mine')
  await closed(createRun(folder, settings))
  assert.equal(readFileSync(path.join(folder, 'notes.txt'), 'utf8'), 'mine')
})

test('a missing or damaged run.json is told', async () => {
  await assert.rejects(() => resumeRun(folder), /is not the folder of a run: it has no run\.json/)
  mkdirSync(folder)
  await assert.rejects(() => resumeRun(folder), /no run\.json/)
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
    await assert.rejects(
      () => resumeRun(folder),
      (error: unknown) => error instanceof UserError && message.test(error.message),
    )
  }
  assert.deepEqual(readdirSync(folder), ['run.json'])
})

test('a path that cannot be a folder is told', async () => {
  writeFileSync(folder, '')
  await assert.rejects(() => createRun(folder, settings), UserError)
  await assert.rejects(() => createRun(path.join(folder, 'below'), settings), UserError)
  await assert.rejects(() => resumeRun(folder), /not the folder of a run/)
})

test('one process opens a run once at a time', async () => {
  const run = await createRun(folder, settings)
  await assert.rejects(() => resumeRun(folder), /already has .* open for training/)
  run.close()
  run.close()
  await closed(resumeRun(folder))
  assert.deepEqual(readdirSync(folder).sort(), ['checkpoints', 'run.json'])
})

test('what a killed writer left is removed', async () => {
  await closed(createRun(folder, settings))
  const left = ['.run.json.0123456789ab.tmp', 'checkpoints/.step-00000001.safetensors.0123456789ab.tmp']
  for (const name of left) writeFileSync(path.join(folder, name), '')
  await closed(resumeRun(folder))
  for (const name of left) assert.ok(!existsSync(path.join(folder, name)))
})

test('a folder that may not be written is told', {
  skip: process.getuid?.() === 0 && 'root may write anywhere',
}, async () => {
  mkdirSync(folder)
  chmodSync(folder, 0o555)
  await assert.rejects(() => createRun(folder, settings), /permission denied/)
})

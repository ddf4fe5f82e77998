import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { UserError } from '../../src/base/error.js'
import { writeNewFolder } from '../../src/formats/new-folder.js'
import { temporaryFolder } from '../training/tiny-run.js'

const folder = temporaryFolder()
const place = (name: string) => path.join(folder, name)

/** Writes a file, and then does what a test has in mind. */
const fill = (then: (partial: string) => void) => async (partial: string) => {
  writeFileSync(path.join(partial, 'a.txt'), 'a')
  then(partial)
  return 'done'
}
const nothing = () => {}

const refused = (message: RegExp) => (error: unknown) => error instanceof UserError && message.test(error.message)

test('a folder appears when all is in it, where none is or an empty one', async () => {
  mkdirSync(place('empty'))
  for (const name of ['new', 'below/another', 'empty']) {
    const there = () => readdirSync(folder).includes(name) && readdirSync(place(name)).length > 0
    const told = await writeNewFolder(
      place(name),
      fill(() => assert.equal(there(), false)),
    )
    assert.equal(told, 'done')
    assert.equal(readFileSync(place(`${name}/a.txt`), 'utf8'), 'a')
    // Others may read it, such as a web server.
    assert.equal(statSync(place(name)).mode & 0o777, statSync(mkdirTo(`${name}-like`)).mode & 0o777)
  }
})

function mkdirTo(name: string): string {
  mkdirSync(place(name), { recursive: true })
  return place(name)
}

test('where writing fails nothing is left, and the error passes through', async () => {
  const before = readdirSync(folder)
  const failing = fill(() => {
    throw new RangeError('in the middle')
  })
  await assert.rejects(writeNewFolder(place('failed'), failing), RangeError)
  assert.deepEqual(readdirSync(folder), before)
})

test('a folder that holds something, and a file, are left as they are', async () => {
  mkdirSync(place('full'))
  writeFileSync(place('full/mine'), '')
  await assert.rejects(
    writeNewFolder(place('full'), fill(nothing)),
    refused(/full is not empty: choose another folder/),
  )
  writeFileSync(place('file'), 'mine')
  await assert.rejects(writeNewFolder(place('file'), fill(nothing)), refused(/cannot write .*file: part of the path/))
  assert.deepEqual([readdirSync(place('full')), readFileSync(place('file'), 'utf8')], [['mine'], 'mine'])
})

test('what came to be there meanwhile is not written over', async () => {
  const late = fill(() => {
    mkdirSync(place('late'))
    writeFileSync(place('late/theirs'), '')
  })
  await assert.rejects(writeNewFolder(place('late'), late), refused(/cannot write .*late: it is not empty/))
  assert.deepEqual(readdirSync(place('late')), ['theirs'])
  assert.deepEqual(
    readdirSync(folder).filter(name => name.endsWith('.partial')),
    [],
  )
})

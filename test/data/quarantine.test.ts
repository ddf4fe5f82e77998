import assert from 'node:assert/strict'
import { existsSync, lstatSync, readFileSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { UserError } from '../../src/base/error.js'
import { quarantine, quarantineOf } from '../../src/data/quarantine.js'
import { temporaryFolder, writeTree } from './picture.js'

test('bad images keep their paths, nothing is overwritten, and the list has a line each', async t => {
  const root = path.join(await temporaryFolder(t), 'data')
  const into = quarantineOf(root)
  await writeTree(root, { 'train/a/1.jpg': Buffer.from('first'), 'train/a/2.jpg': Buffer.from('stays') })
  const bad = (name: string, reason: string) => ({ path: path.join(root, name), reason })
  const first = quarantine(root, into, [bad('train/a/1.jpg', 'broken, "badly"')])
  assert.deepEqual(first, { moved: [bad('train/a/1.jpg', 'broken, "badly"')], left: [] })
  await writeTree(root, { 'train/a/1.jpg': Buffer.from('second') })
  quarantine(root, into, [bad('train/a/1.jpg', 'again')])
  assert.equal(readFileSync(path.join(into, 'train/a/1.jpg'), 'utf8'), 'first')
  assert.equal(readFileSync(path.join(into, 'train/a/1-2.jpg'), 'utf8'), 'second')
  assert.deepEqual(
    [existsSync(path.join(root, 'train/a/1.jpg')), existsSync(path.join(root, 'train/a/2.jpg'))],
    [false, true],
  )
  assert.equal(
    readFileSync(path.join(into, 'list.csv'), 'utf8'),
    'path,reason,moved_to\ntrain/a/1.jpg,"broken, ""badly""",train/a/1.jpg\ntrain/a/1.jpg,again,train/a/1-2.jpg\n',
  )
})

test('a link is moved and what it leads to stays; what is gone is passed over; the rest says why it stays', async t => {
  const folder = await temporaryFolder(t)
  const [root, into] = [path.join(folder, 'data'), path.join(folder, 'aside')]
  await mkdir(path.join(root, 'a'), { recursive: true })
  await writeFile(path.join(folder, 'target.jpg'), 'target')
  await symlink(path.join(folder, 'target.jpg'), path.join(root, 'a/link.jpg'))
  const reason = 'bad'
  const { moved, left } = quarantine(root, into, [
    { path: path.join(root, 'a/link.jpg'), reason },
    { path: path.join(root, 'a/gone.jpg'), reason },
    { path: path.join(folder, 'target.jpg'), reason },
    { path: path.join(root, 'a'), reason },
  ])
  assert.deepEqual(moved, [{ path: path.join(root, 'a/link.jpg'), reason }])
  assert.ok(lstatSync(path.join(into, 'a/link.jpg')).isSymbolicLink())
  assert.equal(readFileSync(path.join(folder, 'target.jpg'), 'utf8'), 'target')
  assert.deepEqual(left, [
    { path: path.join(folder, 'target.jpg'), reason: `it is not in ${root}` },
    { path: path.join(root, 'a'), reason: 'it is a folder' },
  ])
})

test('a quarantine within the data, or where nothing can be written, is refused before anything moves', async t => {
  const root = await temporaryFolder(t)
  await writeTree(root, { 'a/1.jpg': Buffer.from('x') })
  const notes = [{ path: path.join(root, 'a/1.jpg'), reason: 'bad' }]
  for (const into of [root, path.join(root, 'bad'), path.join(root, 'a/../.hidden')])
    assert.throws(
      () => quarantine(root, into, notes),
      (error: unknown) => error instanceof UserError && error.exitCode === 2,
    )
  assert.throws(() => quarantine(path.join(root, 'a'), path.join(root, 'a/1.jpg/x'), notes), UserError)
  await writeFile(path.join(root, 'file'), '')
  assert.throws(() => quarantine(path.join(root, 'a'), path.join(root, 'file'), notes), UserError)
  assert.ok(existsSync(path.join(root, 'a/1.jpg')))
})

import assert from 'node:assert/strict'
import { symlink } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { UserError } from '../../src/base/error.js'
import { openFlat } from '../../src/data/flat-folder.js'
import { temporaryFolder, writeTree } from './picture.js'

const nothing = new Uint8Array(0)
const tells = (message: RegExp) => (error: unknown) =>
  error instanceof UserError && !error.message.includes('\n') && message.test(error.message)

test('images are listed by name; other files and hidden ones are passed over, unread formats are not', async t => {
  const root = await temporaryFolder(t)
  await writeTree(root, {
    'ILSVRC2012_val_00000010.JPEG': nothing,
    'ILSVRC2012_val_00000002.JPEG': nothing,
    'a.gif': nothing,
    'labels.txt': nothing,
    '.hidden.jpg': nothing,
  })
  await symlink('gone.jpg', path.join(root, 'b.jpg'))
  const set = await openFlat(root)
  assert.equal(set.root, root)
  assert.deepEqual(
    set.paths.map(file => path.relative(root, file)),
    ['ILSVRC2012_val_00000002.JPEG', 'ILSVRC2012_val_00000010.JPEG', 'a.gif', 'b.jpg'],
  )
})

test('a folder that is missing, empty, a file or one of folders is named', async t => {
  const root = await temporaryFolder(t)
  await assert.rejects(openFlat(path.join(root, 'none')), tells(/none does not exist/))
  await assert.rejects(openFlat(root), tells(/has no images/))
  await writeTree(root, { '1.jpg': nothing, 'n01440764/2.jpg': nothing })
  await assert.rejects(openFlat(path.join(root, '1.jpg')), tells(/is a file, not a folder/))
  await assert.rejects(openFlat(root), tells(/has a folder 'n01440764' in it/))
})

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { BadImage } from '../../src/data/bad-image.js'
import { type ImagePlace, memberPath, nameWithin } from '../../src/data/image-place.js'
import { PlaceList } from '../../src/data/place-list.js'
import { PlaceReader, readPlace } from '../../src/data/place-reader.js'
import { temporaryFolder } from './picture.js'

const plainObjects = { noNullPrototype: true } as const

test('places in shared memory are the places that were packed', () => {
  const name = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
  const part = fc.record({ file: name, begin: fc.nat().map(n => n * 2 ** 20), size: fc.nat() }, plainObjects)
  const place: fc.Arbitrary<ImagePlace> = fc.oneof(
    fc.record({ path: name }, plainObjects),
    fc.record({ path: name, part }, plainObjects),
  )
  fc.assert(
    fc.property(fc.array(place, { maxLength: 20 }), places => {
      const list = new PlaceList(PlaceList.pack(places))
      for (const [i, one] of places.entries()) assert.deepEqual(list.at(i), one.part ?? { file: one.path })
    }),
  )
})

test('the name within a file that holds many', () => {
  assert.equal(nameWithin(memberPath('/data/val.tar', 'folder/a.JPEG')), 'folder/a.JPEG')
  assert.equal(nameWithin('/data/a.JPEG'), '/data/a.JPEG')
})

test('parts of more files than are kept open are read at once, each whole', async t => {
  const folder = await temporaryFolder(t)
  const files = Array.from({ length: 150 }, (_, i) => path.join(folder, `${i}`))
  for (const [i, file] of files.entries()) await writeFile(file, `before${i}after`)
  await using reader = new PlaceReader()
  const openBefore = openFiles()
  for (let round = 0; round < 2; round++) {
    const read = await Promise.all(
      files.map((file, i) =>
        reader.read({ file, begin: 6, size: String(i).length }).then(bytes => `${Buffer.from(bytes)}`),
      ),
    )
    assert.deepEqual(
      read,
      files.map((_, i) => `${i}`),
    )
    assert.ok(openFiles() - openBefore <= 64, `${openFiles()} files are open`)
  }
  await reader.close()
  assert.ok(openFiles() <= openBefore)
})

test('a file that is gone, and one that ends within the image, are told; the file may come back', async t => {
  const folder = await temporaryFolder(t)
  const file = path.join(folder, 'a.tar')
  await using reader = new PlaceReader()
  const read = () => reader.read({ file, begin: 2, size: 3 })
  await assert.rejects(
    read(),
    (error: Error) => error instanceof BadImage && error.message === 'the file does not exist',
  )
  await writeFile(file, '01234')
  assert.equal(`${Buffer.from(await read())}`, '234')
  await assert.rejects(reader.read({ file, begin: 0, size: 2 ** 40 }), BadImage, 'no memory is asked for')
  await truncate(file, 4)
  await assert.rejects(
    read(),
    (error: Error) => error instanceof BadImage && /ends within the image/.test(error.message),
  )
  assert.equal(`${Buffer.from(await readPlace({ path: file }))}`, '0123')
})

const openFiles = (): number => readdirSync('/proc/self/fd').length

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { BadImage } from '../../src/data/bad-image.js'
import { type ImagePlace, memberPath, nameWithin } from '../../src/data/image-place.js'
import { PlaceList } from '../../src/data/place-list.js'
import { PlaceReader, readPlace } from '../../src/data/place-reader.js'
import { codecNames } from '../../src/formats/file-stretch.js'
import { temporaryFolder } from './picture.js'

const plainObjects = { noNullPrototype: true } as const

test('places in shared memory are the places that were packed', () => {
  const name = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
  const packing = fc.record(
    { codec: fc.constantFrom(...codecNames), unpacked: fc.nat(), begin: fc.nat(), size: fc.nat() },
    plainObjects,
  )
  const part = fc.record(
    { file: name, begin: fc.nat().map(n => n * 2 ** 20), size: fc.nat(), packing },
    { ...plainObjects, requiredKeys: ['file', 'begin', 'size'] },
  )
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

test('packed images of one stretch are read from one unpacking, and of many in bounded memory', async t => {
  const folder = await temporaryFolder(t)
  const file = path.join(folder, 'packed')
  // Together more than is kept, so that the first is unpacked again in the end.
  const stretches = Array.from({ length: 5 }, (_, i) => gzipSync(Buffer.alloc(9 * 2 ** 20, `${i}`), { level: 1 }))
  await writeFile(file, Buffer.concat(stretches))
  const placeOf = (i: number, begin: number) => ({
    file,
    begin: stretches.slice(0, i).reduce((sum, { length }) => sum + length, 0),
    size: stretches[i]!.length,
    packing: { codec: 'gzip', unpacked: 9 * 2 ** 20, begin, size: 3 } as const,
  })
  await using reader = new PlaceReader()
  const [first, second] = await Promise.all([reader.read(placeOf(0, 0)), reader.read(placeOf(0, 70_000))])
  assert.equal(`${Buffer.from(first)}${Buffer.from(second)}`, '000000')
  assert.equal(first.buffer, second.buffer)
  for (let i = 1; i < 5; i++) assert.equal(`${Buffer.from(await reader.read(placeOf(i, 5)))}`, `${i}${i}${i}`)
  const again = await reader.read(placeOf(4, 9))
  assert.equal(again.buffer, (await reader.read(placeOf(4, 5))).buffer)
  assert.notEqual((await reader.read(placeOf(0, 0))).buffer, first.buffer)
})

test('a packed image that is damaged is told, and read when the file is whole again', async t => {
  const folder = await temporaryFolder(t)
  const file = path.join(folder, 'packed')
  const whole = gzipSync('an image and another')
  const place = {
    file,
    begin: 0,
    size: whole.length,
    packing: { codec: 'gzip', unpacked: 20, begin: 3, size: 5 },
  } as const
  await using reader = new PlaceReader()
  await writeFile(file, Buffer.alloc(whole.length, 'x'))
  await assert.rejects(
    reader.read(place),
    (error: Error) => error instanceof BadImage && /packed is damaged: .*gzip/.test(error.message),
  )
  await writeFile(file, whole)
  assert.equal(`${Buffer.from(await reader.read(place))}`, 'image')
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

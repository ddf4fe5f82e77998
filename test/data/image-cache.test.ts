import assert from 'node:assert/strict'
import test from 'node:test'
import { ImageCache } from '../../src/data/image-cache.js'
import { PathList } from '../../src/data/path-list.js'
import { noise } from './picture.js'

test('images come back as put, through any view of the memory', () => {
  const memory = ImageCache.reserve(4, 10_000)
  const cache = new ImageCache(memory)
  const image = noise(1, 5, 3)
  assert.equal(cache.get(2), undefined)
  cache.put(2, image)
  cache.put(0, noise(2, 7, 7))
  assert.deepEqual(new ImageCache(memory).get(2), image)
  assert.deepEqual(new ImageCache(memory).get(0), noise(2, 7, 7))
  assert.equal(cache.get(1), undefined)
  assert.ok(ImageCache.fits(memory, 4) && !ImageCache.fits(memory, 5))
})

test('a full cache keeps what it has, takes what still fits, and knows the sizes of the rest', () => {
  const cache = new ImageCache(ImageCache.reserve(3, 200))
  cache.put(0, noise(1, 6, 6))
  cache.put(1, noise(2, 6, 6))
  cache.put(2, noise(3, 4, 4))
  assert.deepEqual(cache.get(0), noise(1, 6, 6))
  assert.equal(cache.get(1), undefined)
  assert.deepEqual(cache.get(2), noise(3, 4, 4))
  assert.deepEqual(
    [0, 1, 2].map(index => cache.sizeWithoutPixels(index)),
    [undefined, { width: 6, height: 6 }, undefined],
  )
})

test('no memory means no cache', () => {
  const cache = new ImageCache(ImageCache.reserve(1, 0))
  cache.put(0, noise(1, 2, 2))
  assert.equal(cache.get(0), undefined)
})

test('paths are kept to the letter', () => {
  const paths = ['/a/b.jpg', '', 'é/日本/💡.png', 'x'.repeat(1000)]
  const list = new PathList(PathList.pack(paths))
  assert.deepEqual(
    paths.map((_, i) => list.at(i)),
    paths,
  )
})

import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { imagesBelow } from '../../src/data/files-below.js'
import { findImages } from '../../src/data/find-images.js'
import { temporaryFolder } from '../training/tiny-run.js'

const root = temporaryFolder()
const write = (file: string) => {
  const place = path.join(root, file)
  mkdirSync(path.dirname(place), { recursive: true })
  writeFileSync(place, '')
}
const files = [
  'b.jpg',
  'a/2.PNG',
  'a/10.jpeg',
  'a/deep/er/x.webp',
  'c/y.gif',
  'c/notes.txt',
  '.hidden/z.jpg',
  'a/.z.jpg',
]
for (const file of files) write(file)
mkdirSync(path.join(root, 'empty/below'), { recursive: true })
symlinkSync('..', path.join(root, 'a/deep/circle'))
symlinkSync('../b.jpg', path.join(root, 'a/linked.jpg'))
symlinkSync('nowhere.jpg', path.join(root, 'c/broken.jpg'))

async function pathsOf(word: string): Promise<string[]> {
  const paths: string[] = []
  for await (const file of (await findImages(word)).paths()) paths.push(file)
  return paths
}
const relative = async (word: string) => (await pathsOf(path.join(root, word))).map(file => path.relative(root, file))

test('a folder stands for all images below it by name, each once though links lead in a circle', async () => {
  assert.deepEqual(await relative('.'), [
    ...['a/10.jpeg', 'a/2.PNG', 'a/deep/er/x.webp', 'a/linked.jpg', 'b.jpg', 'c/broken.jpg', 'c/y.gif'],
  ])
  assert.equal((await findImages(root)).count, 7)
  const found: string[] = []
  for await (const file of imagesBelow(path.join(root, 'a/deep/circle'))) found.push(path.basename(file))
  assert.deepEqual(found, ['10.jpeg', '2.PNG', 'x.webp', 'linked.jpg'])
})

test('a folder of very many is not counted before it is gone through', async () => {
  for (let i = 0; i < 100; i++) write(`many/${i}.jpg`)
  assert.equal((await findImages(path.join(root, 'many'))).count, undefined)
  assert.equal((await pathsOf(path.join(root, 'many'))).length, 100)
})

test('a file stands for itself whatever its ending and its name', async () => {
  assert.deepEqual(await relative('c/notes.txt'), ['c/notes.txt'])
  write('odd/[1].jpg')
  write('odd/1.jpg')
  assert.deepEqual(await relative('odd/[1].jpg'), ['odd/[1].jpg'])
  assert.equal((await findImages(path.join(root, 'b.jpg'))).count, 1)
})

test('a pattern stands for the images it matches, in order, by the shortest of their paths', async () => {
  assert.deepEqual(await relative('a/*'), ['a/10.jpeg', 'a/2.PNG', 'a/linked.jpg'])
  assert.deepEqual(await relative('a/**/*.{jpeg,webp}'), ['a/10.jpeg', 'a/deep/er/x.webp'])
  assert.deepEqual(await relative('c/*'), ['c/y.gif'], 'what is no image is not meant')
  assert.equal((await findImages(path.join(root, 'a/*'))).count, 3)
  const here = path.relative('', root)
  assert.deepEqual(await pathsOf(`${here}/?.jpg`), [path.join(here, 'b.jpg')])
})

test('what stands for nothing is an error that names it', async () => {
  const cases: [word: string, message: RegExp][] = [
    ['nowhere.jpg', /^there is no image .*nowhere\.jpg: no such file or folder/],
    ['c/broken.jpg', /^there is no image .*broken\.jpg/],
    ['empty', /empty has no images: give a folder with/],
    ['a/*.bmp', /^no image matches .*\*\.bmp: check the pattern/],
    ['c/*.txt', /^no image matches/],
  ]
  for (const [word, message] of cases)
    await assert.rejects(findImages(path.join(root, word)), { name: 'UserError', message, exitCode: 1 }, word)
})

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { UserError } from '../../src/base/error.js'
import { boxFile, openBoxFile, readBoxes } from '../../src/data/box-file.js'
import { BoxList } from '../../src/data/box-list.js'
import { openSplit } from '../../src/data/class-folder.js'
import { Loader } from '../../src/data/loader.js'
import { temporaryFolder, writeTree } from './picture.js'

const set = {
  root: 'train',
  items: ['n1/n1_1.JPEG', 'n1/n1_2.JPEG', 'n2/n2_1.JPEG'].map(name => ({ path: path.join('train', name), label: 0 })),
}

test('boxes are found by the name of the image, in whole pixels', async t => {
  const file = path.join(await temporaryFolder(t), 'boxes.csv')
  const lines = [
    'n2_1.JPEG,0.25,0.5,0.75,1.0',
    'n1_1.JPEG,0,0,1,1',
    'n9_9.JPEG,0,0,1,1',
    'n2_1.JPEG,0.0060,0.2620,0.7545,0.9940',
  ]
  writeFileSync(file, `${lines.join('\r\n')}\n`)
  const boxes = new BoxList(await readBoxes(file, set))
  assert.equal(boxes.length, 3)
  assert.deepEqual(boxes.of(0, { width: 7, height: 5 }), [{ x: 0, y: 0, width: 7, height: 5 }])
  assert.deepEqual(boxes.of(1, { width: 7, height: 5 }), [])
  assert.deepEqual(boxes.of(2, { width: 100, height: 10 }), [
    { x: 25, y: 5, width: 50, height: 5 },
    { x: 0, y: 2, width: 75, height: 7 },
  ])

  const recorded = await boxFile(file)
  assert.deepEqual(await openBoxFile(recorded, set), await readBoxes(file, set))
  writeFileSync(file, lines[1]!)
  await assert.rejects(openBoxFile(recorded, set), /boxes\.csv is not the one that the run was made with/)
})

test('a line that is no box is named, and any text is boxes or a user error', async t => {
  const file = path.join(await temporaryFolder(t), 'boxes.csv')
  const read = (text: string) => {
    writeFileSync(file, text)
    return readBoxes(file, set)
  }
  for (const [text, why] of [
    ['n1_1.JPEG,0,0,1', /boxes\.csv, line 1: it has 3 numbers after a name, not 4/],
    ['n1_1.JPEG,0,0,1,1\nn1_2.JPEG,0,0,x,1', /line 2: '0,0,x,1' are not four numbers in \[0, 1\]/],
    ['n1_1.JPEG,0,0,,1', /not four numbers/],
    ['n1_1.JPEG,0,0,1.5,1', /not four numbers/],
    ['n1_1.JPEG,0.5,0,0.4,1', /the box ends before it begins/],
    ['n3_1.JPEG,0,0,1,1', /has no box for any image of train/],
    ['', /has no box for any image/],
  ] as const)
    await assert.rejects(read(text), { name: 'UserError', message: why }, text)
  const twice = { root: 'train', items: [...set.items, { path: 'train/n3/n1_1.png', label: 1 }] }
  await read('n1_1.JPEG,0,0,1,1')
  await assert.rejects(
    readBoxes(file, twice),
    /line 1: this could be .*n1_1.JPEG or .*n1_1.png; write the path below train/,
  )

  writeFileSync(file, 'n3/n1_1.png,0,0,1,1')
  const boxes = new BoxList(await readBoxes(file, twice))
  const counts = [0, 1, 2, 3].map(i => boxes.of(i, { width: 9, height: 9 }).length)
  assert.deepEqual(counts, [0, 0, 0, 1])

  const word = fc.oneof(
    fc.constantFrom('n1_1.JPEG', '0', '1', '0.5', '1e400', '-0', 'NaN', ''),
    fc.string({ maxLength: 5 }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(word, { maxLength: 6 })), async rows => {
      try {
        const boxes = new BoxList(await read(rows.map(row => row.join(',')).join('\n')))
        for (const { x, y, width, height } of boxes.of(0, { width: 9, height: 8 }))
          assert.ok(x >= 0 && y >= 0 && width >= 0 && height >= 0 && x + width <= 9 && y + height <= 8)
      } catch (error) {
        assert.ok(error instanceof UserError)
      }
    }),
  )
})

test('a loader that knows where objects lie shows them', async t => {
  // All of the image is black but for a dot in a corner, which few crops show that need not.
  const folder = await temporaryFolder(t)
  const rgb = new Uint8Array(40 * 40 * 3)
  for (let y = 0; y < 6; y++) rgb.fill(255, y * 120, y * 120 + 18)
  await writeTree(folder, { 'a/dot.jpg': { width: 40, height: 40, rgb } })
  const file = path.join(folder, 'boxes.csv')
  writeFileSync(file, 'dot.JPEG,0,0,0.15,0.15')
  const images = await openSplit(folder)
  const shown = async (boxes: object) => {
    const preprocessing = { kind: 'train', size: 20, colour: 'none' } as const
    await using loader = new Loader(images, { batch: 100, preprocessing, seed: 1, badImages: 'error', ...boxes })
    for await (const batch of loader.steps(0, 1))
      return Array.from({ length: 100 }, (_, i) => batch.images.subarray(i * 1200, (i + 1) * 1200)).filter(image =>
        image.some(value => value > 0),
      ).length
    return 0
  }
  const boxes = await readBoxes(file, images)
  assert.equal(await shown({ boxes }), 100)
  assert.ok((await shown({})) < 90)

  const style = { style: 'timm', resize: 'random', jitter: 0, randAugment: '', erase: 0, eraseMode: 'pixel' } as const
  const preprocessing = {
    kind: 'train',
    size: 20,
    colour: 'none',
    augmentation: { ...style, mixup: 0, cutmix: 0 },
  } as const
  await assert.rejects(shown({ boxes, preprocessing }), { exitCode: 2, message: /timm's look at no objects/ })
})

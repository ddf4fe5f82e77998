import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { UserError } from '../../src/base/error.js'
import { groundTruthOf, withoutTruth } from '../../src/data/ground-truth.js'
import { synsetsOf } from '../../src/data/synsets.js'
import { linesOf } from '../../src/formats/text-lines.js'

const classes = ['n01', 'n02', 'n03']
const images = { root: 'val', paths: ['val/1.jpg', 'val/2.jpg', 'val/3.jpg'] }
const synsets = (text: string, names: readonly string[] = classes) => synsetsOf(linesOf(text), 'synsets.txt', names)
const truth = (text: string, ids?: string) =>
  groundTruthOf(linesOf(text), 'truth.txt', images, classes, ids === undefined ? undefined : synsets(ids))
const refused = (of: () => unknown, message: RegExp) =>
  assert.throws(
    of,
    (error: unknown) => error instanceof UserError && !error.message.includes('\n') && message.test(error.message),
  )

test('class names give labels in the order of the images', () => {
  const set = truth('n03\nn01\r\nn03\n')
  assert.deepEqual(set.classes, classes)
  assert.equal(set.root, 'val')
  assert.deepEqual(set.items, [
    { path: 'val/1.jpg', label: 2 },
    { path: 'val/2.jpg', label: 0 },
    { path: 'val/3.jpg', label: 2 },
  ])
})

test('IDs are places in the list of synsets, not in the alphabet', () => {
  const set = truth('1\n2\n3', 'n03\nn01 tench, Tinca tinca\nn02\t2 goldfish')
  assert.deepEqual(
    set.items.map(item => item.label),
    [2, 0, 1],
  )
})

test('any order of IDs maps both ways', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(['a', 'b', 'c c', 'd', '5'], { minLength: 5 }), order => {
      const names = [...order].sort()
      const { labels, ids } = synsets(order.join('\n'), names)
      assert.deepEqual(
        labels.map(label => names[label]),
        order,
      )
      assert.deepEqual(
        labels.map(label => ids[label]),
        [1, 2, 3, 4, 5],
      )
    }),
  )
})

test('IDs without synsets are a trap, and told to be', () => {
  refused(() => truth('1\n2\n3'), /^truth\.txt, line 1: 1 is an ILSVRC2012_ID, .*: give --synsets/)
})

test('wrong ground truth is told with file and line', () => {
  refused(() => truth('n01\nn02'), /^truth\.txt has 2 lines and val 3 images/)
  refused(() => truth('n01\nn02\nn03\nn01'), /has 4 lines and val 3 images/)
  refused(() => truth(''), /has 0 lines and val 3 images/)
  refused(() => truth('n01\n\nn04\nn02'), /^truth\.txt, line 3: 'n04' is none of the checkpoint's classes/)
  refused(() => truth('1\n4\n2', 'n03\nn01\nn02'), /line 2: there is no ILSVRC2012_ID 4: synsets\.txt has .* 1 to 3/)
  refused(() => truth('0\n1\n2', 'n03\nn01\nn02'), /line 1: there is no ILSVRC2012_ID 0/)
  refused(() => truth('-1\n1\n2', 'n03\nn01\nn02'), /line 1: '-1' is none of/)
})

test('wrong synsets are told with file and line', () => {
  refused(() => synsets('n01\nn04\nn02'), /^synsets\.txt, line 2: 'n04' is none of the checkpoint's classes/)
  refused(() => synsets('n01\nn02\nn01'), /line 3: 'n01' stands in line 1 already/)
  refused(() => synsets('n01\n\nn02\nn03'), /line 2 is empty/)
  refused(() => synsets('n01\nn03'), /lacks the class 'n02': it has 2 lines and the checkpoint 3 classes/)
})

test('a thousand WNIDs in alphabetical order are no order of IDs', () => {
  const names = Array.from({ length: 1000 }, (_, i) => `n${String(1440764 + i).padStart(8, '0')}`)
  refused(() => synsets(names.join('\n'), names), /alphabetical order/)
  assert.equal(synsets([...names.slice(1), names[0]!].join('\n'), names).ids[0], 1000)
})

test('images without truth keep their order', () => {
  assert.deepEqual(
    withoutTruth(images, classes).items.map(item => item.path),
    images.paths,
  )
})

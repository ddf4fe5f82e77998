import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { UserError } from '../../src/base/error.js'
import { imagesNamed } from '../../src/data/image-list.js'
import { linesOf } from '../../src/formats/text-lines.js'

const setOf = (root: string, ...names: string[]) => ({
  root,
  items: names.map(name => ({ path: `${root}/${name}`, label: 0 })),
})
const named = (text: string, images: ReturnType<typeof setOf>) => [...imagesNamed(linesOf(text), 'list.txt', images)]
const refused = (text: string, images: ReturnType<typeof setOf>, message: RegExp) =>
  assert.throws(
    () => named(text, images),
    (error: unknown) => error instanceof UserError && !error.message.includes('\n') && message.test(error.message),
  )
const number = (n: number) => `ILSVRC2012_val_${String(n).padStart(8, '0')}.JPEG`

const photos = setOf('data/val', 'cat/1.jpg', 'cat/2.jpg', 'dog/1.jpg', 'dog/my photo.png')

test('images are named by path, by path from the folder above, or by file name', () => {
  assert.deepEqual(named('dog/1.jpg\n2.jpg\nval/cat/1.jpg\n', photos), [1, 1, 1, 0])
  assert.deepEqual(named('./dog//my photo.png', photos), [0, 0, 0, 1])
  assert.deepEqual(named('  my photo.png  \r\n\r\n', photos), [0, 0, 0, 1])
})

test('a number is an ILSVRC validation image, counted from 1, in a flat folder or in class folders', () => {
  const flat = setOf('val', number(1), number(2), number(10))
  assert.deepEqual(named('1\n0010', flat), [1, 0, 1])
  const withClasses = setOf('val', 'ILSVRC2012_val_00000001_n01751748.JPEG', 'ILSVRC2012_val_00000012_n01440764.JPEG')
  assert.deepEqual(named('12', withClasses), [0, 1])
  assert.deepEqual(named('2', setOf('val', `n01440764/${number(2)}`, `n01443537/${number(1)}`)), [1, 0])
})

test('what is not there, named twice or in two places is told with its line', () => {
  refused('2.jpg\n3.jpg', photos, /^list\.txt, line 2: there is no image '3\.jpg' in data\/val/)
  refused('../val/cat/1.jpg', photos, /line 1: there is no image '\.\.\/val\/cat\/1\.jpg'/)
  refused('2.jpg\n\n1.jpg', photos, /line 3: '1\.jpg' could be cat\/1\.jpg or dog\/1\.jpg: write its path/)
  refused('2.jpg\ndog/1.jpg\ncat/2.jpg', photos, /line 3: 'cat\/2\.jpg' was named in line 1 already/)
  refused('', photos, /list\.txt names no image/)
  refused(' \n\r\n', photos, /names no image/)
})

test('a number out of range, or of a folder without numbered images, is told', () => {
  const flat = setOf('val', number(1), number(2))
  refused('0', flat, /line 1: there is no ILSVRC2012_val_00000000 in val, which has 2 validation images/)
  refused('1\n3', flat, /line 2: there is no ILSVRC2012_val_00000003/)
  refused('99999999999999999999', flat, /there is no ILSVRC2012_val_99999999999999999999/)
  refused('7', photos, /7 is the number of an ILSVRC validation image, and data\/val has none/)
})

test('numbers, file names and paths name the same images', () => {
  const all = Array.from({ length: 40 }, (_, i) => i + 1)
  const images = setOf('val', ...all.map(n => `n0000000${n % 3}/${number(n)}`))
  const spelled = (n: number, way: number) => [`${n}`, number(n), `n0000000${n % 3}/${number(n)}`][way]!
  const chosen = fc.uniqueArray(fc.constantFrom(...all), { minLength: 1 })
  fc.assert(
    fc.property(chosen, fc.array(fc.nat(2), { minLength: 40, maxLength: 40 }), (numbers, ways) => {
      const text = numbers.map((n, i) => spelled(n, ways[i]!)).join('\n')
      assert.deepEqual(
        named(text, images),
        all.map(n => (numbers.includes(n) ? 1 : 0)),
      )
      const again = numbers.length + 1
      refused(`${text}\n${spelled(numbers[0]!, ways[39]!)}`, images, new RegExp(`line ${again}: .*in line 1 already`))
    }),
  )
})

test('any text names images of the set or is refused in one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'12.jpgcatdo/ \n\r\t\0é'.split('')) }), text => {
      try {
        assert.equal(named(text, photos).filter(n => n === 1).length, linesOf(text).length)
      } catch (error) {
        assert.ok(error instanceof UserError, String(error))
      }
    }),
  )
})

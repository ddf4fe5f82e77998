import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imagenetClasses, labelOf } from '../../src/data/imagenet-classes.js'

test('the thousand classes stand in the order of their WNIDs, each once and with a name', () => {
  assert.equal(imagenetClasses.length, 1000)
  for (const [i, { wnid, name }] of imagenetClasses.entries()) {
    assert.match(wnid, /^n\d{8}$/)
    assert.match(name, /^\S.*\S$/)
    if (i > 0) assert.ok(imagenetClasses[i - 1]!.wnid < wnid, wnid)
  }
})

// Places that people know from the outputs of public networks; the two cranes and the two maillots are told by WNID.
const known: readonly [place: number, wnid: string, name: string][] = [
  [0, 'n01440764', 'tench, Tinca tinca'],
  [134, 'n02012849', 'crane'],
  [207, 'n02099601', 'golden retriever'],
  [281, 'n02123045', 'tabby, tabby cat'],
  [517, 'n03126707', 'crane'],
  [639, 'n03710721', 'maillot, tank suit'],
  [954, 'n07753592', 'banana'],
  [999, 'n15075141', 'toilet tissue, toilet paper, bathroom tissue'],
]

for (const [place, wnid, name] of known)
  test(`class ${place} is ${name}`, () => {
    assert.deepEqual(imagenetClasses[place], { wnid, name })
    assert.equal(labelOf(wnid), name)
  })

test('a class that is not of ImageNet is called by its own name', () => {
  assert.equal(labelOf('red_circle'), 'red_circle')
  assert.equal(labelOf('n00000001'), 'n00000001')
})

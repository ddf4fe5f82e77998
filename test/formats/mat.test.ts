import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { UserError } from '../../src/base/error.js'
import { readMat } from '../../src/formats/mat.js'

const fixtures = fileURLToPath(new URL('../../../test/formats/fixtures/mat', import.meta.url))
const folder = mkdtempSync(path.join(tmpdir(), 'mat-'))
after(() => rmSync(folder, { recursive: true }))
const file = path.join(folder, 'damaged.mat')

for (const name of ['plain', 'compressed'])
  test(`structs, texts and numbers of SciPy's ${name} file`, () => {
    const variables = readMat(path.join(fixtures, `${name}.mat`))
    // A matrix lies column by column; cells are left out.
    assert.deepEqual([...variables.keys()], ['synsets', 'count'])
    assert.deepEqual(variables.get('count'), [1, 3, 2, 4])
    const synsets = variables.get('synsets')
    assert.ok(Array.isArray(synsets))
    assert.deepEqual(
      synsets.map(synset => [synset.get('ILSVRC2012_ID'), synset.get('WNID'), synset.get('words')]),
      [
        [[1], 'n02119789', 'kit fox, Vulpes macrotis'],
        [[2], 'n02100735', 'English setter'],
        [[1001], 'n00001740', 'entity'],
      ],
    )
    assert.deepEqual(synsets[2].get('children'), [1, 2])
    assert.deepEqual(synsets[0].get('children'), [])
  })

const plain = readFileSync(path.join(fixtures, 'plain.mat'))
const packed = readFileSync(path.join(fixtures, 'compressed.mat'))

function refusal(bytes: Uint8Array): string {
  writeFileSync(file, bytes)
  try {
    readMat(file)
  } catch (error) {
    assert.ok(error instanceof UserError, String(error))
    return error.message
  }
  return 'none'
}

test('other files are told by what they are', () => {
  assert.match(refusal(Buffer.from('PK')), /damaged\.mat is no MATLAB file that can be read: it is too short/)
  assert.match(refusal(Buffer.alloc(4096, 'x')), /does not begin as one/)
  const newer = Buffer.from(plain)
  newer.write('MATLAB 7.3')
  assert.match(refusal(newer), /version 7\.3 \(save it with '-v7'\)/)
  assert.match(refusal(plain.subarray(0, plain.length - 5)), /cut short/)
})

test('a small file that unpacks to gigabytes is refused', () => {
  const bomb = deflateSync(Buffer.alloc(80 * 2 ** 20))
  const tag = Buffer.alloc(8)
  tag.writeUInt32LE(15)
  tag.writeUInt32LE(bomb.length, 4)
  assert.match(
    refusal(Buffer.concat([plain.subarray(0, 128), tag, bomb])),
    /compressed data in it is damaged, or too large/,
  )
})

for (const [name, whole] of [
  ['plain', plain],
  ['compressed', packed],
] as const)
  test(`damaged ${name} files are read, or refused in one line`, () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat(whole.length)),
        (changes, cut) => {
          const damaged = Buffer.from(whole)
          for (const [at, byte] of changes) damaged[at] = byte
          assert.doesNotMatch(refusal(damaged.subarray(0, cut ?? undefined)), /\n/)
        },
      ),
      { numRuns: 500 },
    )
  })

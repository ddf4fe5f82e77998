import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { drawMiniature, forms } from '../data/sources/miniature.js'
import { sha256, temporaryFolder, tinyModelFlags } from '../training/tiny-run.js'
import { assertDone, inception } from './inception.js'

const root = temporaryFolder()
const images = await drawMiniature()
const at = (...names: string[]) => path.join(root, ...names)

const train = (data: string, ...more: string[]) =>
  inception(
    [
      'train',
      ...tinyModelFlags,
      ...'--batch 4 --steps 2 --watch-steps 0 --data'.split(' '),
      data,
      '--out',
      `${data}-run`,
      ...more,
    ],
    { cwd: root },
  )
const checkpointIn = (run: string) => at(run, 'checkpoints', readdirSync(at(run, 'checkpoints')).at(-1)!)

let expected: string | undefined
for (const form of [
  'class folders',
  'archives of ILSVRC',
  'TFRecords',
  'shards of WebDataset',
  'Parquet files',
  'CSV tables',
])
  test(`a network trained on ${form} has the same bits`, async () => {
    const data = form.replaceAll(' ', '-')
    await forms[form]!(at(data), images)
    assertDone(await train(data))
    const found = sha256(checkpointIn(`${data}-run`))
    expected ??= found
    assert.equal(found, expected)
  })

test("ILSVRC's archives are evaluated without the images of its blacklist, by their numbers", async () => {
  writeFileSync(at('blacklist.txt'), '2\n6\n')
  const args = ['evaluate', '--checkpoint', 'archives-of-ILSVRC-run', '--data', 'archives-of-ILSVRC', '--json']
  const { stdout } = assertDone(await inception([...args, '--exclude', 'blacklist.txt'], { cwd: root }))
  assert.equal(JSON.parse(stdout).subset.images, 4)
})

test('a damaged image in an archive is named with the archive, and can be left out', async () => {
  const file = at('archives-of-ILSVRC', 'ILSVRC2012_img_train.tar')
  const bytes = readFileSync(file)
  const [, , third] = images.train
  bytes.fill(0, bytes.indexOf(third!.bytes), bytes.indexOf(third!.bytes) + 9)
  writeFileSync(file, bytes)
  rmSync(at('archives-of-ILSVRC-run'), { recursive: true })
  const name = `ILSVRC2012_img_train.tar › ${third!.wnid}/${third!.name}`
  const refused = await train('archives-of-ILSVRC', '--steps', '3')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, new RegExp(`^inception: bad image .*${name}: the content is no JPEG.*\n$`, 'm'))
  rmSync(at('archives-of-ILSVRC-run'), { recursive: true, force: true })
  const { stderr } = assertDone(await train('archives-of-ILSVRC', '--steps', '3', '--bad-images', 'skip'))
  assert.match(stderr, new RegExp(name))
})

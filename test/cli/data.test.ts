import assert from 'node:assert/strict'
import { existsSync, linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { sharp } from '../../src/data/sharp.js'
import { writeDirt } from '../data/dirt.js'
import { ramp, temporaryFolder, writeTree } from '../data/picture.js'
import { assertDone, assertRefused, inception } from './inception.js'

test('inspecting says what a folder holds and draws a sheet of it', async t => {
  const cwd = await temporaryFolder(t)
  await writeTree(cwd, {
    'data/train/a/1.jpg': ramp(40, 20),
    'data/train/a/2.jpg': ramp(30, 30),
    'data/train/b/3.jpg': ramp(20, 50),
    'data/val/a/4.jpg': ramp(40, 20),
  })
  const inspect = (...args: string[]) => inception(['data', 'inspect', ...args], { cwd })
  const { stdout } = assertDone(await inspect('data', '--sheet', 'sheet.png', '--size', '32'))
  assert.match(stdout, /^data\/train: 3 images in 2 classes, /)
  assert.match(stdout, /^images a class: least 1 \(b\), median 1, most 2 \(a\)$/m)
  assert.match(stdout, /^width +20 +30 +40$/m)
  assert.match(stdout, /^note: only data\/train has the class 'b'$/m)
  assert.match(stdout, /^note: the same image is there 2 times in both splits: data\/train\/a\/1\.jpg, /m)
  const { width, height } = await sharp(path.join(cwd, 'sheet.png')).metadata()
  assert.deepEqual([width, height], [4 + 2 * 36, 4 + 2 * 60])
  const greyOf = async (sheet: string) => {
    const rgb = await sharp(path.join(cwd, sheet)).raw().toBuffer()
    return rgb.filter((value, i) => i % 3 === 0 && value === 128 && rgb[i + 1] === 128 && rgb[i + 2] === 128).length
  }
  const erasing = '--sheet erased.png --size 32 --erase 1 --erase-mode const --json'.split(' ')
  const json = JSON.parse(assertDone(await inspect('data', ...erasing)).stdout)
  assert.ok((await greyOf('erased.png')) > (await greyOf('sheet.png')))
  assert.deepEqual(
    json.splits.map((split: { images: number }) => split.images),
    [3, 1],
  )
  assertRefused(await inspect('data', '--augment', 'timm', '--colour', 'fast'), 2, /timm's colours are a jitter/)
  assertRefused(await inspect('nowhere'), 1, /the data folder nowhere does not exist/)
  assertRefused(await inspect('data', '--sheet', 'data'), 1, /cannot write data: it is a folder/)
})

test('verifying lists what is bad with the exit code 1, moves it when asked, and is content afterwards', async t => {
  const cwd = await temporaryFolder(t)
  const dirt = await writeDirt(path.join(cwd, 'data/a'))
  const verify = (...args: string[]) => inception(['data', 'verify', 'data', ...args], { cwd })
  const found = await verify('--json')
  assert.equal(found.code, 1, found.stderr)
  const names = [...dirt.bad.keys()].sort().map(name => `a/${name}`)
  const { bad } = JSON.parse(found.stdout) as { bad: { path: string }[] }
  assert.deepEqual(
    bad.map(note => note.path),
    names,
  )
  assertRefused(await verify('--quarantine', 'data/bad'), 2, /the quarantine data\/bad lies in /)
  const moved = await verify('--quarantine', 'bad', '--report', 'report.json')
  assert.equal(moved.code, 1, moved.stderr)
  assert.match(moved.stdout, new RegExp(`^bad images moved to bad: ${names.length}$`, 'm'))
  assert.equal(readFileSync(path.join(cwd, 'bad/list.csv'), 'utf8').trimEnd().split('\n').length, 1 + names.length)
  assert.ok(existsSync(path.join(cwd, 'bad/a/cut.jpg')) && !existsSync(path.join(cwd, 'data/a/cut.jpg')))
  assert.match(assertDone(await verify('--report', 'report.json')).stdout, /data: 9 images decoded/)
})

test('a verification that is interrupted keeps what it found and goes on', async t => {
  const cwd = await temporaryFolder(t)
  await writeTree(cwd, { 'data/first.jpg': Buffer.from('no image'), 'image.jpg': ramp(16, 16) })
  mkdirSync(path.join(cwd, 'data/more'))
  const images = 1500
  for (let i = 0; i < images; i++) linkSync(path.join(cwd, 'image.jpg'), path.join(cwd, `data/more/${i}.jpg`))
  const begun = {
    ...{ folder: path.join(cwd, 'data'), complete: false, upTo: 'first.jpg', images: 1, bytes: 0, seconds: 1 },
    ...{ formats: {}, oddities: {}, bad: [{ path: 'first.jpg', reason: 'found before' }], unread: [] },
  }
  const report = path.join(cwd, 'report.json')
  writeFileSync(report, JSON.stringify(begun))
  const args = ['data', 'verify', 'data', '--report', 'report.json', '--json']
  const stopped = await inception(args, { cwd, after: /going on after 1 images/, send: 'SIGINT' })
  assert.equal(stopped.code, 130, stopped.stderr)
  assert.match(stopped.stderr, /interrupted after [\d,]+ images; the same command goes on$/m)
  const kept = JSON.parse(readFileSync(report, 'utf8')) as typeof begun
  assert.deepEqual([kept.complete, kept.bad], [false, begun.bad])
  assert.ok(kept.images < images)
  const whole = await inception(args, { cwd })
  assert.equal(whole.code, 1, whole.stderr)
  const { complete, images: count, formats } = JSON.parse(whole.stdout)
  assert.deepEqual([complete, count, formats], [true, images + 1, { jpeg: images }])
})

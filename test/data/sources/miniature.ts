import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { ImageSet } from '../../../src/data/class-folder.js'
import { noise, pipeline } from '../picture.js'
import { featuresNote, parquetOf } from './parquet-writer.js'
import { devkitOf, exampleOf, type Files, recordsOf, tarOf, text } from './writers.js'

/** ILSVRC's classes in the order of their IDs, which is not the alphabet's. */
export const wnids = ['n02119789', 'n01440764', 'n07714990'] as const
export const classes = [...wnids].sort()

export interface MiniatureImage {
  readonly name: string
  readonly wnid: string
  readonly bytes: Uint8Array
}

export interface Miniature {
  readonly train: readonly MiniatureImage[]
  readonly val: readonly MiniatureImage[]
}

/** Four images a class to train on and two for validation, which are not in the order of their classes. */
export async function drawMiniature(): Promise<Miniature> {
  let seed = 0
  const draw = (): Promise<Buffer> =>
    pipeline(noise(++seed, 40 + seed, 60 - seed))
      .jpeg()
      .toBuffer()
  const train: MiniatureImage[] = []
  for (const wnid of wnids)
    for (const number of [9, 10, 100, 7]) train.push({ name: `${wnid}_${number}.JPEG`, wnid, bytes: await draw() })
  const val: MiniatureImage[] = []
  for (let i = 0; i < 6; i++)
    val.push({ name: `ILSVRC2012_val_0000000${i + 1}.JPEG`, wnid: wnids[(i * 2) % 3]!, bytes: await draw() })
  return { train, val }
}

const splits = ['train', 'val'] as const

/** Writers of each form of the same images into an empty folder; returns what to give as `--data`. */
export const forms: Readonly<Record<string, (folder: string, images: Miniature) => Promise<void>>> = {
  'class folders': async (folder, images) => {
    for (const split of splits)
      for (const { name, wnid, bytes } of images[split]) await put(path.join(folder, split, wnid, name), bytes)
  },
  'archives of ILSVRC': async (folder, { train, val }) => {
    const inner: Files = wnids.map(wnid => [`${wnid}.tar`, tarOf(members(train.filter(image => image.wnid === wnid)))])
    await put(path.join(folder, 'ILSVRC2012_img_train.tar'), tarOf(inner))
    await put(path.join(folder, 'ILSVRC2012_img_val.tar'), tarOf(members(val)))
    await put(path.join(folder, 'ILSVRC2012_devkit_t12.tar.gz'), devkitOf(wnids, val.map(idOf)))
  },
  'archives of classes': async (folder, { train, val }) => {
    for (const wnid of wnids)
      await put(path.join(folder, 'train', `${wnid}.tar`), tarOf(members(train.filter(image => image.wnid === wnid))))
    await put(path.join(folder, 'ILSVRC2012_img_val.tar'), tarOf(members(val)))
    await put(path.join(folder, 'ILSVRC2012_devkit_t12.tar.gz'), devkitOf(wnids, val.map(idOf)))
  },
  'archives of classes half unpacked': async (folder, { train, val }) => {
    const [packed, underWay, unpacked] = wnids
    for (const { name, wnid, bytes } of train)
      if (wnid === unpacked || (wnid === underWay && name.endsWith('_9.JPEG')))
        await put(path.join(folder, 'train', wnid, name), bytes)
    for (const wnid of [packed, underWay])
      await put(path.join(folder, 'train', `${wnid}.tar`), tarOf(members(train.filter(image => image.wnid === wnid))))
    for (const { name, wnid, bytes } of val) await put(path.join(folder, 'val', wnid, name), bytes)
  },
  TFRecords: async (folder, images) => {
    for (const split of splits)
      await inTwo(images[split], (part, i) =>
        put(
          path.join(folder, `${split === 'val' ? 'validation' : split}-0000${i}-of-00002`),
          recordsOf(part.map(image => exampleOfImage(image))),
        ),
      )
  },
  'shards of WebDataset': async (folder, images) => {
    for (const split of splits)
      await inTwo(images[split], (part, i) =>
        put(
          path.join(folder, `mini-${split}-00${i}.tar`),
          tarOf(
            part.flatMap(
              ({ name, wnid, bytes }): Files => [
                [name, bytes],
                [name.replace('.JPEG', '.cls'), Buffer.from(`${wnid}\n`)],
              ],
            ),
          ),
        ),
      )
  },
  'Parquet files': async (folder, images) => {
    const note = featuresNote(classes)
    for (const split of splits)
      await inTwo(images[split], (part, i) => {
        const rows = part.map(({ name, wnid, bytes }) => ({ bytes, path: name, label: classes.indexOf(wnid as Wnid) }))
        const name = `${split === 'val' ? 'validation' : split}-0000${i}-of-00002-5c0ffee.parquet`
        return put(path.join(folder, 'data', name), parquetOf(rows, { note, rowsPerGroup: 4, rowsPerPage: 3 }))
      })
  },
  'CSV tables': async (folder, images) => {
    for (const split of splits) {
      for (const { name, bytes } of images[split]) await put(path.join(folder, 'images', name), bytes)
      const rows = images[split].map(({ name, wnid }) => `"images/${name}",${wnid}\r\n`)
      await put(path.join(folder, `${split}.csv`), Buffer.from(`Path,Label\r\n${rows.join('')}`))
    }
  },
  'JSON Lines': async (folder, images) => {
    for (const split of splits) {
      for (const { name, bytes } of images[split]) await put(path.join(folder, split, name), bytes)
      const rows = images[split].map(({ name, wnid }) => `${JSON.stringify({ file_name: name, label: wnid })}\n`)
      await put(path.join(folder, split, 'metadata.jsonl'), Buffer.from(rows.join('')))
    }
  },
  'folders with metadata': async (folder, images) => {
    for (const split of splits) {
      for (const { name, bytes } of images[split]) await put(path.join(folder, split, 'images', name), bytes)
      const rows = images[split].map(({ name, wnid }) => `images/${name},${wnid}\n`)
      await put(path.join(folder, split, 'metadata.csv'), Buffer.from(`file_name,label\n${rows.join('')}`))
    }
  },
}

type Wnid = (typeof wnids)[number]
const idOf = ({ wnid }: MiniatureImage): number => wnids.indexOf(wnid as Wnid) + 1
const members = (images: readonly MiniatureImage[]): Files => images.map(({ name, bytes }) => [name, bytes])

/** As build_imagenet_data.py writes them, with the image in the middle. */
export const exampleOfImage = ({ name, wnid, bytes }: MiniatureImage, withSynset = true): Uint8Array =>
  exampleOf({
    'image/height': { integers: [40] },
    'image/colorspace': text('RGB'),
    'image/encoded': { bytes: [bytes] },
    'image/class/label': { integers: [classes.indexOf(wnid as Wnid) + 1] },
    ...(withSynset && { 'image/class/synset': text(wnid) }),
    'image/object/bbox/xmin': { floats: [0.25, 0.5] },
    'image/object/bbox/xmax': { floats: [0.75, 0.5] },
    'image/object/bbox/ymin': { floats: [-0.5, 0] },
    'image/object/bbox/ymax': { floats: [0.5, 1] },
    'image/object/bbox/label': { integers: [1, 1] },
    'image/filename': text(name),
  })

async function inTwo<T>(list: readonly T[], use: (part: readonly T[], i: number) => Promise<void>): Promise<void> {
  const half = Math.floor(list.length / 2)
  // The later half first, so that the order of files is not that of the images.
  await use(list.slice(half), 0)
  await use(list.slice(0, half), 1)
}

export async function put(file: string, bytes: Uint8Array): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, bytes)
}

/** What a set says of its images, to be compared. */
export const placesIn = ({ items }: ImageSet) =>
  items.map(({ path, label, part, boxes }) => ({ path, label, part, boxes }))

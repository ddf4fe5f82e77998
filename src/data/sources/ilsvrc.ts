import path from 'node:path'
import { UserError } from '../../base/error.js'
import { formatCount } from '../../base/format.js'
import type { InputFile } from '../../formats/input-file.js'
import { readTar } from '../../formats/tar.js'
import { isImageName, statOf } from '../folder-entries.js'
import { type Devkit, findDevkit } from '../ilsvrc-devkit.js'
import { imagesOf } from './file-index.js'
import type { FileForm, FoundImage } from './found-image.js'
import { type LookedThrough, setsOf } from './found-sets.js'
import type { Source, Split } from './source.js'

const archives: Readonly<Record<Split, string>> = {
  train: 'ILSVRC2012_img_train.tar',
  val: 'ILSVRC2012_img_val.tar',
}

/** An archive of one archive a class: n01440764.tar with n01440764_10026.JPEG and others. */
const trainArchive: FileForm = {
  title: "ILSVRC's training archive",
  accepts: name => name === archives.train,
  lists: false,
  *scan(input) {
    for (const inner of readTar(input)) {
      const wnid = /^(?:.*\/)?(n\d{8})\.tar$/.exec(inner.name)?.[1]
      if (!wnid) return complain(input, inner.name, 'archives such as n01440764.tar')
      for (const { name, begin, size } of readTar(input, inner))
        if (isImageName(name))
          yield { name: `${wnid}/${path.posix.basename(name)}`, label: wnid, part: { begin, size } }
    }
  },
}

/** All images in one folder; what they show is in the development kit. */
const valArchive: FileForm = {
  title: "ILSVRC's validation archive",
  accepts: name => name === archives.val,
  lists: false,
  *scan(input) {
    for (const { name, begin, size } of readTar(input)) {
      if (!isImageName(name)) return complain(input, name, 'images')
      yield { name: path.posix.basename(name), label: '', part: { begin, size } }
    }
  },
}

function complain({ path: file }: InputFile, member: string, expected: string): never {
  throw new UserError(`${file} holds ${member}, and is known to hold ${expected}: get it again`)
}

/**
 * ILSVRC-2012's archives as they were downloaded, in one folder: images are read where they lie. Classes are WNIDs in
 * alphabetical order, as in every library; a validation image's comes from the development kit, where IDs have another
 * order.
 */
export const ilsvrc: Source = {
  lists: false,
  async open(place, wanted, options) {
    // One archive given by itself is not enough: the kit lies beside it.
    const folder = Object.values(archives).includes(path.basename(place)) ? path.dirname(place) : place
    const at = (split: Split) => path.join(folder, archives[split])
    const there = { train: await isFile(at('train')), val: await isFile(at('val')) }
    if (!there.train && !there.val) return undefined
    const kit = await findDevkit(folder)
    const found: Partial<Record<Split, readonly LookedThrough[]>> = {}
    if (wanted.includes('train') && there.train)
      found.train = [{ file: at('train'), images: await imagesOf(at('train'), trainArchive, options) }]
    if (wanted.includes('val') && there.val) {
      if (!kit)
        throw new UserError(
          `${folder} has no ILSVRC2012_devkit_t12.tar.gz, which says what the validation images show: put it there`,
        )
      found.val = [
        { file: at('val'), images: withTruth(await imagesOf(at('val'), valArchive, options), at('val'), kit) },
      ]
    }
    const wnids = kit?.wnids ?? found.train?.flatMap(({ images }) => images.map(({ label }) => label)) ?? []
    const classes = [...new Set(wnids)].sort()
    return setsOf(folder, found, { classes, labelOf: new Map(classes.map((wnid, label) => [wnid, label])) })
  },
}

const isFile = async (place: string): Promise<boolean> => (await statOf(place))?.isFile() === true

/** Line n of the ground truth is of the n-th image by name, whatever the archive's order. */
function withTruth(images: readonly FoundImage[], file: string, { wnids, groundTruth, place }: Devkit): FoundImage[] {
  if (images.length !== groundTruth.length)
    throw new UserError(
      `${file} has ${formatCount(images.length)} images and ${place} the classes of ${formatCount(groundTruth.length)}: get the one that is cut short again`,
    )
  const byName = images.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  return byName.map((image, i) => ({ ...image, label: wnids[groundTruth[i]! - 1]! }))
}

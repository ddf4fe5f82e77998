import path from 'node:path'
import { UserError } from '../../base/error.js'
import { formatCount } from '../../base/format.js'
import type { InputFile } from '../../formats/input-file.js'
import { readTar } from '../../formats/tar.js'
import { isImageName, statOf } from '../folder-entries.js'
import { type Devkit, findDevkit } from '../ilsvrc-devkit.js'
import { expectNoNumbering } from './class-names.js'
import { imagesOf } from './file-index.js'
import type { FileForm, FoundImage, ScanOptions } from './found-image.js'
import { type LookedThrough, setsOf } from './found-sets.js'
import { classEntriesIn, imagesInClass, imagesOfClasses } from './ilsvrc-classes.js'
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
      yield* imagesInClass(input, wnid, inner)
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

/** Where the images of a set lie, not looked at yet. */
interface Found {
  /** Whether some of them lie in archives. */
  readonly isPacked: boolean
  readonly look: (options: ScanOptions, kit: Devkit | undefined) => Promise<readonly LookedThrough[]>
}

/**
 * ILSVRC-2012's archives in one folder, as they were downloaded or half unpacked: images are read where they lie. Those
 * for training are in train/, class by class, in archives (n01440764.tar) or folders; or in such archives in the folder
 * itself; or in ILSVRC2012_img_train.tar. Those for validation are in val/, class by class, or in ILSVRC2012_img_val.tar.
 * Where both are there, what is unpacked goes before what it came from; only of a class the archive goes before the
 * folder. Without any archive these are class folders like others.
 *
 * Classes are WNIDs in alphabetical order, as in every library; a validation image's in the archive comes from the
 * development kit, where IDs have another order. Where the kit is there, training images of all its classes have to be.
 */
export const ilsvrc: Source = {
  beside: ['place', 'splits'],
  async open(place, wanted, options) {
    // One archive given by itself is not enough: the kit lies beside it. What was unpacked there is not meant.
    const isNamed = Object.values(archives).includes(path.basename(place))
    const folder = isNamed ? path.dirname(place) : place
    const there = {
      train: (isNamed ? undefined : await trainingClasses(folder)) ?? (await trainingArchive(folder)),
      val: (isNamed ? undefined : await classesIn(path.join(folder, 'val'))) ?? (await validationArchive(folder)),
    }
    if (!wanted.some(split => there[split]?.isPacked)) return undefined
    expectNoNumbering(folder, options)
    const kit = await findDevkit(folder)
    const found: Partial<Record<Split, readonly LookedThrough[]>> = {}
    for (const split of wanted) if (there[split]) found[split] = await there[split].look(options, kit)
    const labels = [
      ...new Set((found.train ?? found.val ?? []).flatMap(({ images }) => images.map(({ label }) => label))),
    ]
    const lacking = found.train && kit?.wnids.find(wnid => !labels.includes(wnid))
    if (kit && lacking)
      throw new UserError(
        `${folder} has no training images of ${lacking}, which is a class by ${kit.place}: unpack ${archives.train} again`,
      )
    const classes = (kit?.wnids ?? labels).toSorted()
    return setsOf(folder, found, { classes, labelOf: new Map(classes.map((wnid, label) => [wnid, label])) })
  },
}

async function trainingClasses(folder: string): Promise<Found | undefined> {
  const divided = await classesIn(path.join(folder, 'train'))
  if (divided) return divided
  // Without an archive among them, folders in the folder itself are as likely those for validation.
  const entries = await classEntriesIn(folder)
  if (!entries || entries.archives.size === 0) return undefined
  return { isPacked: true, look: options => imagesOfClasses(entries, options) }
}

async function trainingArchive(folder: string): Promise<Found | undefined> {
  const file = path.join(folder, archives.train)
  if (!(await isFile(file))) return undefined
  return { isPacked: true, look: async options => [{ file, images: await imagesOf(file, trainArchive, options) }] }
}

async function validationArchive(folder: string): Promise<Found | undefined> {
  const file = path.join(folder, archives.val)
  if (!(await isFile(file))) return undefined
  return {
    isPacked: true,
    look: async (options, kit) => {
      if (kit) return [{ file, images: withTruth(await imagesOf(file, valArchive, options), file, kit) }]
      throw new UserError(
        `${folder} has no ILSVRC2012_devkit_t12.tar.gz, which says what the validation images show: put it there`,
      )
    },
  }
}

/** A folder of classes and nothing else. */
async function classesIn(folder: string): Promise<Found | undefined> {
  const entries = await classEntriesIn(folder)
  if (!entries) return undefined
  return {
    isPacked: entries.archives.size > 0,
    look: options => {
      const [stranger] = entries.others
      if (stranger === undefined) return imagesOfClasses(entries, options)
      throw new UserError(`${stranger} is no class as those beside it are (n01440764): move it elsewhere`)
    },
  }
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

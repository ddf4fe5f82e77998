import { UserError } from '../../base/error.js'
import type { InputFile } from '../../formats/input-file.js'
import { parseJson } from '../../formats/json-file.js'
import { readTar, type TarEntry } from '../../formats/tar.js'
import { isImageName } from '../folder-entries.js'
import type { FileForm, FoundImage } from './found-image.js'

/** Far more than a class or what is told of an image takes. */
const mostTextBytes = 2 ** 20

/**
 * WebDataset's shards: tar archives in which the files of one example follow each other and share a name up to its first
 * dot. The class stands in `<key>.cls`, or in `<key>.json` under "label" or "cls". (github.com/webdataset/webdataset)
 */
export const webDataset: FileForm = {
  title: 'WebDataset shards',
  accepts: name => name.endsWith('.tar'),
  lists: false,
  *scan(input) {
    let members: TarEntry[] = []
    for (const entry of readTar(input)) {
      if (members[0] && keyOf(entry.name) !== keyOf(members[0].name)) {
        yield* imagesIn(members, input)
        members = []
      }
      members.push(entry)
    }
    yield* imagesIn(members, input)
  },
}

/** The name up to the first dot after its folders. */
const keyOf = (name: string): string => /^(?:.*\/)?[^.]*/s.exec(name)![0]
const endingOf = (name: string): string => name.slice(keyOf(name).length).toLowerCase()

function imagesIn(members: readonly TarEntry[], input: InputFile): readonly FoundImage[] {
  const images = members.filter(({ name }) => isImageName(name))
  const [image, second] = images
  if (!image) return []
  const complain = (what: string): never => {
    throw new UserError(`${input.path}: the example '${keyOf(image.name)}' ${what}`)
  }
  if (second) complain(`has two images, ${image.name} and ${second.name}: an example has one; remove the other`)
  const label =
    labelIn(members, input) ?? complain('has no class: put a .cls, or a .json with "label", beside the image')
  const { name, begin, size } = image
  return [{ name, label, part: { begin, size } }]
}

function labelIn(members: readonly TarEntry[], input: InputFile): string | undefined {
  const written = members.find(({ name }) => endingOf(name) === '.cls')
  if (written) return textOf(written, input).trim() || undefined
  const described = members.find(({ name }) => endingOf(name) === '.json')
  if (!described) return undefined
  const value = parseJson(textOf(described, input), `${input.path}, ${described.name}`)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { label, cls } = value as Readonly<Record<string, unknown>>
  const found = label ?? cls
  return typeof found === 'string' || typeof found === 'number' ? String(found) : undefined
}

function textOf({ name, begin, size }: TarEntry, input: InputFile): string {
  if (size > mostTextBytes) throw new UserError(`${input.path}: ${name} is too large to be a class or a description`)
  return new TextDecoder().decode(input.read(begin, size))
}

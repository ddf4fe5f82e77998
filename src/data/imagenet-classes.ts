import { synsetLines } from './imagenet-synsets.js'

export interface ImagenetClass {
  /** WordNet's number of the noun, as ImageNet's folders are called: n01440764 */
  readonly wnid: string
  /** 'tench, Tinca tinca' */
  readonly name: string
}

/** ILSVRC-2012's thousand classes in the order of their WNIDs, which is the order of every library's logits. */
export const imagenetClasses: readonly ImagenetClass[] = synsetLines
  .trim()
  .split('\n')
  .map(line => ({ wnid: line.slice(0, 9), name: line.slice(10) }))

const names = new Map(imagenetClasses.map(({ wnid, name }) => [wnid, name]))

/** What people call a class: the words of a WNID of ImageNet's, and every other class's name as it is. */
export const labelOf = (className: string): string => names.get(className) ?? className

/** Whether this is the WNID of one of the thousand. */
export const isImagenetClass = (className: string): boolean => names.has(className)

/**
 * WNIDs of the classes that have these names, in this order; undefined where the names are not those of ImageNet's
 * thousand. Lists of them differ in a few, so that each name is another (Hugging Face's imagenet-1k has a 'crane2').
 */
export function wnidsNamed(classNames: readonly string[]): readonly string[] | undefined {
  if (classNames.length !== imagenetClasses.length) return undefined
  const same = imagenetClasses.filter(({ name }, i) => classNames[i] === name).length
  return same >= leastSame ? imagenetClasses.map(({ wnid }) => wnid) : undefined
}

const leastSame = 950

/** Whether these are the thousand classes, in their order, by their WNIDs. */
export const isImagenet = (classNames: readonly string[]): boolean =>
  classNames.length === imagenetClasses.length && imagenetClasses.every(({ wnid }, i) => classNames[i] === wnid)

import { formatCount } from '../../base/format.js'
import { imagenetClasses } from '../imagenet-classes.js'
import type { Split } from './splits.js'

/** Something about a data set that its owner should know before training on it. */
export interface Finding {
  readonly kind:
    | 'no classes'
    | 'empty class'
    | 'strays'
    | 'class of one split'
    | 'suspicious name'
    | 'not ImageNet'
    | 'imbalance'
    | 'same image'
  /** One sentence, which names what it is about. */
  readonly message: string
}

/** What can be told of the labels from names and counts alone. */
export function judgeLabels(splits: readonly Split[]): Finding[] {
  return [...splits.flatMap(judgeSplit), ...classesOfOneSplit(splits), ...judgeNames(splits), ...judgeImagenet(splits)]
}

/** How many images each class of a split has. */
export function countsOf({ classes, items }: Split): number[] {
  const counts = new Array<number>(classes.length).fill(0)
  for (const { label } of items) if (label >= 0) counts[label]!++
  return counts
}

/** From this ratio of the largest class to the smallest on, the counts themselves are worth a look. */
const imbalance = 10

function judgeSplit(split: Split): Finding[] {
  const where = split.title
  if (split.classes.length === 0)
    return [{ kind: 'no classes', message: `${where} has no class folders: its images have no labels` }]
  const counts = countsOf(split)
  const findings: Finding[] = split.classes
    .filter((_, label) => counts[label] === 0)
    .map(name => ({ kind: 'empty class', message: `the class folder '${name}' of ${where} has no images` }))
  if (split.strays > 0)
    findings.push({
      kind: 'strays',
      message: `${formatCount(split.strays)} images lie in ${where} itself and belong to no class`,
    })
  const filled = counts.filter(count => count > 0)
  const [least, most] = [filled.reduce((a, b) => Math.min(a, b), Infinity), filled.reduce((a, b) => Math.max(a, b), 0)]
  if (most >= imbalance * least)
    findings.push({
      kind: 'imbalance',
      message: `the classes of ${where} have from ${formatCount(least)} to ${formatCount(most)} images`,
    })
  return findings
}

function classesOfOneSplit(splits: readonly Split[]): Finding[] {
  const labelled = splits.filter(split => split.classes.length > 0)
  return labelled.flatMap(split =>
    labelled
      .filter(other => other !== split)
      .flatMap(other => {
        const known = new Set(other.classes)
        return split.classes
          .filter(name => !known.has(name))
          .map(
            (name): Finding => ({ kind: 'class of one split', message: `only ${split.title} has the class '${name}'` }),
          )
      }),
  )
}

/** Folders that tools leave behind, or that are parts of a data set and no classes. */
const noClass = /^(train|training|val|valid|validation|test|images?|__MACOSX|@eaDir|lost\+found|Thumbs)$/i

function judgeNames(splits: readonly Split[]): Finding[] {
  const names = [...new Set(splits.flatMap(split => split.classes))]
  const odd = (message: string): Finding => ({ kind: 'suspicious name', message })
  const findings = names.flatMap(name => {
    if (noClass.test(name)) return [odd(`'${name}' is the name of a part of a data set, and counts as a class here`)]
    if (name !== name.trim()) return [odd(`the class name '${name}' begins or ends with a space`)]
    return []
  })
  const alike = new Map<string, string[]>()
  for (const name of names) {
    const plain = name
      .normalize('NFKC')
      .toLowerCase()
      .replace(/[\s_-]+/g, ' ')
      .trim()
    alike.set(plain, [...(alike.get(plain) ?? []), name])
  }
  for (const [first, ...others] of alike.values())
    if (others.length > 0)
      findings.push(odd(`the classes '${[first, ...others].join("' and '")}' differ in case, spaces or dashes only`))
  return findings
}

/** A data set that is nearly ImageNet's is probably meant to be it. */
function judgeImagenet(splits: readonly Split[]): Finding[] {
  const known = new Set(imagenetClasses.map(({ wnid }) => wnid))
  return splits.flatMap(({ title, classes }) => {
    const found = classes.filter(name => known.has(name)).length
    if (found < known.size / 2 || (found === known.size && classes.length === known.size)) return []
    return [
      {
        kind: 'not ImageNet' as const,
        message: `${title} has ${formatCount(found)} of ImageNet's ${formatCount(known.size)} classes, and ${formatCount(classes.length - found)} others`,
      },
    ]
  })
}

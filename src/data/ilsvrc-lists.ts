import type { Devkit } from './ilsvrc-devkit.js'
import { isImagenet, labelOf } from './imagenet-classes.js'

/** Text files that say in lines what the development kit says in MATLAB's form. */
export interface IlsvrcLists {
  /** By file name. */
  readonly files: Readonly<Record<'synsets.txt' | 'classes.txt' | 'val-labels.txt', string>>
  /** Whether the classes are those of ILSVRC-2012, which every library's weights have. */
  readonly isImagenet: boolean
}

/**
 * - `synsets.txt`: line n is the WNID of ILSVRC2012_ID n
 * - `classes.txt`: WNIDs in alphabetical order, each with its name: line n, from 0, is label n
 * - `val-labels.txt`: line n is the WNID of the n-th validation image by file name
 */
export function ilsvrcLists({ wnids, groundTruth }: Devkit): IlsvrcLists {
  const classes = wnids.toSorted()
  const named = classes.map(wnid => (labelOf(wnid) === wnid ? wnid : `${wnid} ${labelOf(wnid)}`))
  return {
    files: {
      'synsets.txt': textOf(wnids),
      'classes.txt': textOf(named),
      'val-labels.txt': textOf(groundTruth.map(id => wnids[id - 1]!)),
    },
    isImagenet: isImagenet(classes),
  }
}

const textOf = (lines: readonly string[]): string => lines.map(line => `${line}\n`).join('')

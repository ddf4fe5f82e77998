import { readFileSync } from 'node:fs'

const notice = new URL('../../../NOTICE', import.meta.url)

/** The terms of WordNet, which go with its words wherever they are the names of classes. */
export const wordNetNotice = (): string => readFileSync(notice, 'utf8').replace(' in src/data/imagenet-synsets.ts', '')

import { Command } from 'commander'
import { mostThreads, usableCores } from '../../../base/threads.js'
import type { LabelNumbering } from '../../../data/sources/class-names.js'
import { positiveNumber, wholeNumber } from '../../arguments.js'
import { labelsOption } from '../../engine-options.js'

export interface Flags {
  report?: string
  quarantine?: string
  workers: number
  timeLimit: number
  labels: LabelNumbering
  json?: boolean
}

export const verifyDataCommand = (): Command =>
  new Command('verify')
    .description('decode every image of a folder; exits with 1 when one is bad')
    .argument('<folder>', 'holds images, in it or below, or archives')
    .option('--report <file>', 'write what is found there, as JSON; an interrupted verification goes on from it')
    .option('--quarantine <folder>', 'move bad images there, with their paths and a list of reasons')
    .option('--workers <n>', 'processes that decode', wholeNumber(1, mostThreads), usableCores())
    .option('--time-limit <seconds>', 'an image that takes longer is bad', positiveNumber(86_400), 60)
    .addOption(labelsOption())
    .option('--json', 'as JSON')
    .action(async (given: string, flags: Flags) => (await import('./verify/action.js')).verifyData(given, flags))

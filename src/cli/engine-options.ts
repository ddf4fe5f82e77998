import { Option } from 'commander'
import { backendNames } from '../backends/open.js'
import { mostThreads } from '../base/threads.js'
import { oneOf, wholeNumber } from './arguments.js'

// Options that several commands have, so that they read alike everywhere.

export const backendOption = (): Option =>
  new Option('--backend <name>', backendNames.join(', ')).argParser(oneOf('backend', backendNames)).default('auto')

export const precisionOption = (): Option =>
  new Option('--precision <type>', 'auto, f32, bf16')
    .argParser(oneOf('precision', ['auto', 'f32', 'bf16']))
    .default('auto')

export const threadsOption = (): Option =>
  new Option('--threads <n>', 'threads to compute with (default: OMP_NUM_THREADS, or the cores there are)').argParser(
    wholeNumber(1, mostThreads),
  )

export const badImagesOption = (): Option =>
  new Option('--bad-images <what>', 'error: stop and name it; skip: leave it out and list it')
    .argParser(oneOf('choice', ['error', 'skip']))
    .default('error')

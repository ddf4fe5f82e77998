import { Option } from 'commander'
import { backendNames } from '../backends/backend.js'
import { mostThreads } from '../base/threads.js'
import { badImagePolicies } from '../data/quarantine.js'
import { labelNumberings } from '../data/sources/class-names.js'
import { allPasses, type Passes, passNames } from '../graph/passes/pass-names.js'
import { recomputations } from '../graph/passes/recompute.js'
import { oneOf, realNumber, scopes, wholeNumber } from './arguments.js'

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

export const recomputeOption = (): Option =>
  new Option(
    '--recompute [what]',
    'training, less memory for more time: none, cheap maps, all between branching points, or auto: cheap where maps outweigh parameters',
  )
    .argParser(oneOf('recomputation', recomputations))
    .preset('between')
    .default('auto')

export const freezeOption = (): Option =>
  new Option(
    '--freeze <scopes>',
    'fine-tuning: parts of the network that are not trained, e.g. stem,inception_a.0',
  ).argParser(scopes)

/** Optimisations by name: 'all', 'none', those listed, or all but those listed with 'no-' before them. */
export const passesOption = (): Option =>
  new Option(
    '--passes <names>',
    `optimisations: all, none, or some of ${passNames.join(', ')}; no-<name> for all but it`,
  )
    .argParser(parsePasses)
    .default(allPasses, 'all')

function parsePasses(text: string): Passes {
  if (text === 'all') return allPasses
  if (text === 'none') return new Set()
  const parse = oneOf('optimisation', passNames)
  const names = text.split(',')
  const removed = new Set(names.filter(name => name.startsWith('no-')).map(name => parse(name.slice(3))))
  const listed = names.filter(name => !name.startsWith('no-')).map(name => parse(name))
  return new Set((listed.length > 0 ? listed : passNames).filter(name => !removed.has(name)))
}

/** For commands that only read images where they lie. */
export const badImagesOption = (): Option =>
  new Option('--bad-images <what>', 'error: stop and name it; skip: leave it out and list it')
    .argParser(oneOf('choice', ['error', 'skip']))
    .default('error')

/** For commands that look at classes. */
export const labelsOption = (): Option =>
  new Option(
    '--labels <numbering>',
    'classes that are numbers count from-zero or from-one (after a background); auto: from one if none is 0',
  )
    .argParser(oneOf('numbering', labelNumberings))
    .default('auto')

/** For commands that train. */
export const boxesOption = (): Option =>
  new Option(
    '--boxes <source>',
    "where objects lie, of which a crop shows a tenth: data (what the images come with, the default), none, or ILSVRC's annotations or a table of them",
  )

/** For commands that work on a data folder. */
export const dataPolicyOption = (): Option =>
  new Option(
    '--bad-images <what>',
    'error: stop and name it; skip: leave it out and list it; quarantine: skip, and at the end move it to <data>-quarantine',
  )
    .argParser(oneOf('choice', badImagePolicies))
    .default('error')

export const defaultReplicaTimeout = 300

/** For commands that several replicas do together. */
export const replicaTimeoutOption = (): Option =>
  new Option('--replica-timeout <seconds>', 'under mpirun: end the run when a replica gets on with nothing for so long')
    .argParser(realNumber(1))
    .default(defaultReplicaTimeout)

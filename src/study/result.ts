/**
 * What one run of the study leaves behind, as plain JSON. Errors are fractions 0 … 1, times are seconds unless the name
 * says otherwise, memory is bytes. `null` stands where a run was interrupted before a number could be measured, and
 * where a number was not finite (JSON has no NaN).
 */
export interface StudyResult {
  readonly preset: string
  /** ISO 8601. */
  readonly startedAt: string
  /** Wall time of the whole study, all its sittings. */
  readonly seconds: number
  /** The command line that repeats this run. */
  readonly command: string
  /** Why the study ended before its plan was done; absent when it was done. */
  readonly interrupted?: string
  readonly dataSet: DataSetSummary
  readonly machine: MachineSummary
  readonly recipe: readonly RecipeEntry[]
  /** In the preset's order. */
  readonly networks: readonly NetworkResult[]
  /** How networks and ensembles were evaluated; `errors` refer to these by id. The first is the single crop. */
  readonly protocols: readonly ProtocolSummary[]
  readonly ensembles: readonly EnsembleResult[]
  /** Image-by-image comparisons on the validation images that both saw. */
  readonly paired: readonly PairedErrors[]
  readonly instability?: InstabilityResult
  /** Cost of each network at its published size, and of batch norm on top of residual sums. */
  readonly footprint?: FootprintResult
  /** What the networks say of a few validation images. */
  readonly samples: readonly Sample[]
  readonly confusions: readonly Confusion[]
}

export interface DataSetSummary {
  readonly name: string
  readonly path?: string
  readonly classes: number
  readonly trainImages: number
  readonly valImages: number
  /** Side of the square the networks see, in pixels. */
  readonly size: number
  readonly synthetic: boolean
  /** ILSVRC-2012 itself, so that the published numbers are of the same images. */
  readonly imagenet: boolean
  /** Images that could not be read and were left out, of the run that met the most. */
  readonly badImages: number
}

export interface MachineSummary {
  readonly processor: string
  readonly cores: number
  readonly memoryBytes: number
  readonly node: string
  /** For example "oneDNN 2.6.3, bf16". */
  readonly engine: string
  readonly platform: string
  /** Of this program. */
  readonly version: string
}

/** One line of the recipe; `note` says why it differs from the paper's default, and is absent where it does not. */
export interface RecipeEntry {
  readonly key: string
  readonly value: string
  readonly note?: string
}

/**
 * The paper compares networks of similar cost: Inception-v3 with Inception-ResNet-v1, Inception-v4 with -ResNet-v2. The
 * others in its tables are comparators.
 */
export type Pair = 'smaller' | 'larger'
export type Role = Pair | 'comparator'

export interface NetworkResult {
  /** For example "inception-resnet-v1"; no two networks of a study share one. */
  readonly network: string
  readonly title: string
  readonly residual: boolean
  readonly role: Role
  readonly parameters: number
  /** Of one image's forward pass. */
  readonly multiplyAdds: number
  /** Channel multiplier; 1 is the paper's network. */
  readonly width: number
  /** One a seed, in the order of the seeds. */
  readonly runs: readonly RunResult[]
}

/** One network trained once. */
export interface RunResult {
  readonly seed: number
  readonly epochs: readonly EpochResult[]
  /** Final errors by protocol id. */
  readonly errors: Readonly<Record<string, FinalErrors>>
  /** Median. */
  readonly stepMilliseconds: number | null
  readonly imagesPerSecond: number | null
  /** Of a training step as planned: activations, variables, gradients, optimiser, averages. */
  readonly memoryBytes: number | null
  /** Share of training time spent waiting for data, 0 … 1. */
  readonly dataWaitShare: number | null
  /** Images of training and of its evaluations that could not be read and were left out. @default not known */
  readonly badImages?: number
  readonly checkpoint: string | null
  /** The command that repeats this one run, and the one that evaluates it. */
  readonly commands: readonly string[]
  /** What a reader has to know, for example that the network died. */
  readonly note?: string
}

/** Validation errors are those of the running-average weights after epoch number `epoch`, counted from 1. */
export interface EpochResult {
  readonly epoch: number
  /** Training time so far, evaluation left out. */
  readonly seconds: number
  readonly trainLoss: number | null
  readonly top1Error: number | null
  readonly top5Error: number | null
}

export interface FinalErrors {
  readonly top1Error: number
  readonly top5Error: number
  readonly images: number
  /** Images left out of these because they could not be read. @default not known */
  readonly badImages?: number
}

/** A way to evaluate: '1', '10', '12', '144' or 'dense'. */
export interface ProtocolSummary {
  readonly id: string
  /** For example "12 crops". */
  readonly title: string
  /** The choices that the paper leaves open, in words. */
  readonly description: string
  /** Validation images it was applied to. */
  readonly images: number
}

export interface EnsembleMember {
  readonly network: string
  readonly seed: number
}

/** The mean of the members' probabilities, evaluated with `protocol`. */
export interface EnsembleResult {
  readonly members: readonly EnsembleMember[]
  readonly protocol: string
  readonly errors: FinalErrors
}

/**
 * Top-1 outcomes of two subjects on the same images under one protocol. A subject is a network (all its seeds, its
 * outcome on an image being the share of them that were wrong), one run or an ensemble: see `subjectId`.
 */
export interface PairedErrors {
  readonly protocol: string
  readonly first: string
  readonly second: string
  readonly images: number
  /** Mean over images of first − second. */
  readonly difference: number
  /** Standard deviation over images of first − second. */
  readonly deviation: number
}

/** How a training run ended: to the end, with only zeros before pooling, or with a loss that was not finite. */
export type Outcome = 'trained' | 'died' | 'diverged'

/** Wide residual networks at several residual scales, and with what the paper says does and does not help. */
export interface InstabilityResult {
  readonly network: string
  readonly title: string
  /** The model in words: size, block counts. */
  readonly model: string
  /** Channels of the widest residual sum. */
  readonly filters: number
  readonly steps: number
  readonly recipe: readonly RecipeEntry[]
  readonly settings: readonly InstabilitySetting[]
}

export interface InstabilitySetting {
  readonly id: string
  /** For example "scale 0.3", "scale 1, lower learning rate". */
  readonly title: string
  readonly residualScale: number
  /** What the paper names as a remedy, if that is what this setting tries. */
  readonly remedy: Remedy | null
  readonly runs: readonly InstabilityRun[]
}

export type Remedy = 'lower learning rate' | 'extra batch norm' | 'warm-up'

export interface InstabilityRun {
  readonly seed: number
  readonly outcome: Outcome
  /** The step at which it ended. */
  readonly step: number
  /** Which layer died, or where numbers stopped being finite. */
  readonly note?: string
  readonly trace: readonly WatchPoint[]
}

/** What was seen at one step. Shares are of activations, magnitudes are root mean squares. */
export interface WatchPoint {
  readonly step: number
  readonly loss: number | null
  /** Share of zeros in the last layer before pooling. */
  readonly zeroShare: number
  /** Of the last layer before pooling. */
  readonly magnitude: number | null
  /** The largest, over the residual blocks, of the scaled residual's magnitude over that of what it is added to. */
  readonly residualRatio: number | null
  readonly gradientNorm: number | null
}

/** Measured on this machine, each network by itself in a process of its own. */
export interface FootprintResult {
  readonly size: number
  readonly batch: number
  readonly threads: number
  readonly networks: readonly Footprint[]
  /** The same networks with batch norm on top of every residual sum. */
  readonly withSumNorms: readonly Footprint[]
}

export interface Footprint {
  readonly network: string
  readonly title: string
  readonly parameters: number
  readonly multiplyAdds: number
  /** Median. */
  readonly stepMilliseconds: number
  readonly plannedBytes: number
  /** Largest resident memory of the process less what it had before. */
  readonly measuredBytes: number
}

export interface Sample {
  /** A picture as a data URI. */
  readonly picture: string
  readonly name: string
  readonly label: string
  /** Most probable first. */
  readonly predictions: readonly {
    readonly network: string
    readonly best: readonly { readonly label: string; readonly probability: number }[]
  }[]
}

/** Which classes a network takes for which, over its first seed's run, single crop. */
export interface Confusion {
  readonly network: string
  readonly classes: readonly string[]
  /** [label][predicted], for at most 50 classes; empty beyond. */
  readonly counts: readonly (readonly number[])[]
  /** The most frequent mistakes. */
  readonly pairs: readonly { readonly label: string; readonly predicted: string; readonly images: number }[]
}

/** The id by which `PairedErrors` names a network, one of its runs, or an ensemble. */
export const subjectId = (subject: string | EnsembleMember | readonly EnsembleMember[]): string => {
  if (typeof subject === 'string') return subject
  const run = ({ network, seed }: EnsembleMember) => `${network}/${seed}`
  return 'network' in subject ? run(subject) : subject.map(run).join(' + ')
}

/** Whether `value` is an error a table or a plot can show. */
export const isFraction = (value: number | null | undefined): value is number =>
  typeof value === 'number' && value >= 0 && value <= 1

/** The network of a pair that has, or has not, residual connections. */
export const memberOf = (result: StudyResult, pair: Pair, residual: boolean): NetworkResult | undefined =>
  result.networks.find(n => n.role === pair && n.residual === residual)

/** Errors that can be used: finite, between 0 and 1, of at least one image. */
export const isUsable = (errors: FinalErrors | undefined): errors is FinalErrors =>
  errors !== undefined && isFraction(errors.top1Error) && isFraction(errors.top5Error) && errors.images > 0

/** The usable errors of a network's runs under a protocol, in the order of the seeds. */
export const errorsOf = (network: NetworkResult, protocol: string): FinalErrors[] =>
  network.runs.map(run => run.errors[protocol]).filter(isUsable)

const shortTitles: Readonly<Record<string, string>> = {
  'inception-v3': 'v3',
  'inception-v4': 'v4',
  'inception-resnet-v1': 'IR-v1',
  'inception-resnet-v2': 'IR-v2',
  'inception-resnet-v2-slim': 'IR-v2 slim',
  'bn-inception': 'BN-Inc.',
}

/** A title of at most ten characters, for the end of a curve. */
export function shortTitle(network: Pick<NetworkResult, 'network' | 'title'>): string {
  const known = Object.hasOwn(shortTitles, network.network) ? shortTitles[network.network] : undefined
  return known ?? (network.title.length > 10 ? `${network.title.slice(0, 9)}…` : network.title)
}

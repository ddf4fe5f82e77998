/**
 * What one run of the study leaves behind, as plain JSON. Errors are fractions 0 … 1, times are seconds unless the name
 * says otherwise, memory is bytes. `null` stands where a run was interrupted before a number could be measured, and
 * where a number was not finite (JSON has no NaN).
 */
export interface StudyResult {
  readonly preset: string
  /** ISO 8601. */
  readonly startedAt: string
  /** Wall time of the whole study. */
  readonly seconds: number
  /** The command line that repeats this run. */
  readonly command: string
  /** Why the study ended before its plan was done; absent when it was done. */
  readonly interrupted?: string
  /** How final errors were measured, for example "single centre crop, running-average weights". */
  readonly evaluation: string
  readonly dataSet: DataSetSummary
  readonly machine: MachineSummary
  readonly recipe: readonly RecipeEntry[]
  readonly networks: readonly NetworkResult[]
  readonly ensembles: readonly EnsembleResult[]
  /** Image-by-image comparisons, where both sides saw the same validation images. */
  readonly paired?: readonly PairedErrors[]
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
  /** Images that could not be read and were left out. */
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
}

/** One line of the recipe; `note` says why it differs from the paper's default, and is absent where it does not. */
export interface RecipeEntry {
  readonly key: string
  readonly value: string
  readonly note?: string
}

/** The paper compares networks of similar cost: Inception-v3 with Inception-ResNet-v1, Inception-v4 with -ResNet-v2. */
export type Pair = 'smaller' | 'larger'

export interface NetworkResult {
  /** For example "inception-resnet-v1"; no two networks of a study share one. */
  readonly network: string
  readonly title: string
  readonly residual: boolean
  readonly pair: Pair
  readonly parameters: number
  /** Of one image's forward pass. */
  readonly multiplyAdds: number
  /** Channel multiplier; 1 is the paper's network. */
  readonly width: number
  readonly epochs: readonly EpochResult[]
  readonly final: FinalErrors | null
  /** Median. */
  readonly stepMilliseconds: number | null
  readonly imagesPerSecond: number | null
  /** Of a training step as planned: activations, variables, gradients, optimiser, averages. */
  readonly memoryBytes: number | null
  /** Share of training time spent waiting for data, 0 … 1. */
  readonly dataWaitShare: number | null
  readonly checkpoint: string | null
  /** What a reader has to know, for example that training stopped at a loss that was not finite. */
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
}

export interface EnsembleResult extends FinalErrors {
  /** `network` ids, each once for every copy that voted. */
  readonly members: readonly string[]
}

/** Top-1 outcomes of two classifiers on the same images; a classifier is a network id or an ensemble's id. */
export interface PairedErrors {
  readonly first: string
  readonly second: string
  readonly images: number
  readonly bothWrong: number
  readonly onlyFirstWrong: number
  readonly onlySecondWrong: number
}

/** The id by which `PairedErrors` names an ensemble. */
export const ensembleId = (members: readonly string[]): string => members.join(' + ')

/** Whether `value` is an error a table or a plot can show. */
export const isFraction = (value: number | null | undefined): value is number =>
  typeof value === 'number' && value >= 0 && value <= 1

/** The network of a pair that has, or has not, residual connections. */
export const memberOf = (result: StudyResult, pair: Pair, residual: boolean): NetworkResult | undefined =>
  result.networks.find(n => n.pair === pair && n.residual === residual)

/** Final errors that can be used: finite, between 0 and 1, of at least one image. */
export function usableFinal(of: { readonly final: FinalErrors | null }): FinalErrors | undefined {
  const { final } = of
  return final && isFraction(final.top1Error) && isFraction(final.top5Error) && final.images > 0 ? final : undefined
}

const shortTitles: Readonly<Record<string, string>> = {
  'inception-v3': 'v3',
  'inception-v4': 'v4',
  'inception-resnet-v1': 'IR-v1',
  'inception-resnet-v2': 'IR-v2',
  'inception-resnet-v2-slim': 'IR-v2 slim',
}

/** A title of at most ten characters, for the end of a curve. */
export function shortTitle(network: Pick<NetworkResult, 'network' | 'title'>): string {
  const known = Object.hasOwn(shortTitles, network.network) ? shortTitles[network.network] : undefined
  return known ?? (network.title.length > 10 ? `${network.title.slice(0, 9)}…` : network.title)
}

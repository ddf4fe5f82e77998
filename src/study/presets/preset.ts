import type { SynthSettings } from '../../data/synth/settings.js'
import type { ModelSpec } from '../../networks/model-spec.js'
import type { PlainRecipe } from '../../training/recipe.js'
import type { EnsembleMember, Remedy, Role } from '../result.js'

/** A study as data: which networks with which settings and seeds, trained how and on what, and how they are compared. */
export interface Preset {
  readonly name: string
  /** The data set to draw when the user gives none; absent where there must be one. */
  readonly synth?: SynthSettings
  /** Networks trained at a time, each with one thread; 1 gives a network all of them. @default the threads there are */
  readonly lanes?: number
  readonly comparison: Comparison
  readonly instability?: InstabilityMatrix
  readonly footprint?: FootprintPlan
}

/** A model before the data say how many classes there are. */
export type Model = Omit<ModelSpec, 'classes'>

/**
 * What a recipe says but for precision, which is the machine's, and the seed, which is the matrix's. The networks of a
 * study are compared as the paper trained them: every pixel decoded, with no augmentation but its own.
 */
export type StudyRecipe = Omit<PlainRecipe, 'seed'>

/** Why a number of the recipe is not the paper's, by key. */
export type RecipeNotes = Readonly<Partial<Record<keyof StudyRecipe, string>>>

/** Networks × seeds: figures 8 to 11 and tables 1 to 4. */
export interface Comparison {
  readonly contestants: readonly Contestant[]
  readonly seeds: readonly number[]
  readonly recipe: StudyRecipe
  readonly notes: RecipeNotes
  /** The single crop on every image is always there; these come besides. */
  readonly crops: readonly CropPlan[]
  readonly ensembles: readonly EnsemblePlan[]
}

/** One network of a study, in the paper's pairing by cost. */
export interface Contestant {
  readonly role: Role
  readonly model: Model
  /** @default the comparison's */
  readonly seeds?: readonly number[]
}

export interface CropPlan {
  readonly name: '10' | '12' | '144' | 'dense'
  /** At most so many validation images, evenly from all classes. @default all */
  readonly images?: number
}

export interface EnsemblePlan {
  readonly members: readonly EnsembleMember[]
  /** '1' or one of the comparison's crops. */
  readonly crops: string
}

/** One wide residual network × settings × seeds. */
export interface InstabilityMatrix {
  readonly model: Model
  readonly recipe: StudyRecipe
  readonly notes: RecipeNotes
  readonly steps: number
  readonly watchSteps: number
  readonly seeds: readonly number[]
  readonly settings: readonly InstabilityPlan[]
}

export interface InstabilityPlan {
  readonly id: string
  readonly title: string
  readonly residualScale: number
  readonly remedy?: Remedy
  /** What the remedy changes. */
  readonly recipe?: Partial<StudyRecipe>
  readonly extraNorm?: 'last'
}

/** Which networks are measured at their published size, and which of them also with batch norm on the sums. */
export interface FootprintPlan {
  readonly networks: readonly string[]
  readonly withSumNorms: readonly string[]
  readonly batch: number
  readonly steps: number
}

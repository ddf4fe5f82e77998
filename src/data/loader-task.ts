import type { SharedMemory } from '../base/shared-memory.js'
import type { BoxMemory } from './box-list.js'
import type { CacheMemory } from './image-cache.js'
import type { PlaceMemory } from './place-list.js'
import type { Preprocessing } from './preprocessing.js'

/** What every process of a loader knows from the start. */
export interface LoaderWorkerData {
  readonly workers: number
  readonly seed: number
  readonly preprocessing: Preprocessing
  readonly badImages: 'error' | 'skip'
  readonly places: PlaceMemory
  /** Int32, one an image. */
  readonly labels: SharedMemory
  readonly boxes: SharedBoxes | undefined
  readonly cache: CacheMemory
  /** Of `Slot.all`. */
  readonly slots: SharedMemory
  /** Samples of a slot. */
  readonly batch: number
  /** One word: tasks with a lower ticket are no longer wanted. */
  readonly wanted: SharedMemory
  /** Of `DecodeJournal`. */
  readonly journal: SharedMemory
}

/** `BoxMemory`, shared with processes. */
export type SharedBoxes = { readonly [Part in keyof BoxMemory]: SharedMemory }

/** Images that one process decodes at a time: as many as the system's pool has threads by default. */
export const decodesAtOnce = 4

/** One batch to fill; each process does its share of it. */
export interface FillTask {
  readonly ticket: number
  readonly slot: number
  readonly kind: 'steps' | 'pass'
  /** The first sample's place: in the global order, or in the views of all images one after another. */
  readonly first: number
  /** Samples in this batch. */
  readonly count: number
}

/** What a process is asked for: a batch, or its share of the set in the cache. */
export type LoaderTask = FillTask | { readonly ticket: number; readonly kind: 'cache' }

/** What a process is told: a task, `careful` where only one image may be decoded at a time; or which images are bad. */
export type ToWorker =
  | (LoaderTask & { readonly careful: boolean })
  | { readonly kind: 'bad'; readonly images: readonly (readonly [image: number, reason: string])[] }

/** A process has done its share of a task. */
export interface LoaderShare {
  readonly ticket: number
  /** Images that could not be decoded, with the sample of this batch that wanted them. */
  readonly bad: readonly { readonly sample: number; readonly index: number; readonly reason: string }[]
  /** Why the work cannot go on at all. */
  readonly fatal?: string
}

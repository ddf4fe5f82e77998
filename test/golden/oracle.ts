import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Gains, Kind } from './synthetic.js'

/** What every golden file says of its images: their number, size, and the checksum of their bytes. */
interface Images {
  readonly n: number
  readonly height: number
  readonly width: number
  readonly fnv1a_of_bytes: number
}

export interface Stage {
  readonly name: string
  readonly shape: readonly number[]
  readonly mean: number
  readonly std: number
  readonly absmax: number
  readonly samples: readonly (readonly [index: number, value: number])[]
}

/** A file of evaluation results. */
export interface Oracle {
  readonly g: Gains
  readonly param_count: number
  readonly input: Images
  readonly eval_logits: readonly (readonly number[])[]
  readonly recommended_tol: number
  readonly stages: readonly Stage[]
  readonly keys: readonly (readonly [key: string, shape: readonly number[], kind: Kind])[]
}

/** A file of training results; its keys and gains are those of the evaluation file of the same network. */
export interface GradientOracle {
  readonly bn_bias_offset: number
  readonly input: Images
  readonly labels: readonly number[]
  readonly label_smoothing: number
  readonly loss: number
  readonly global_grad_l2: number
  readonly recommended_tol: Readonly<Record<'median' | 'p90' | 'max' | 'train_logits' | 'loss', number>>
  readonly train_logits: readonly (readonly number[])[]
  readonly params: readonly (readonly [
    key: string,
    count: number,
    norm: number,
    projection: number,
    samples: readonly (readonly [index: number, value: number])[],
  ])[]
  readonly buffers_after: readonly (readonly [key: string, count: number, norm: number, projection: number])[]
}

/** Files stand beside the sources: the compiler copies none. */
const folder = new URL('../../../test/golden/', import.meta.url)

const read = (name: string): unknown =>
  JSON.parse(gunzipSync(readFileSync(new URL(`${name}.json.gz`, folder))).toString('utf8'))

export const readOracle = (name: string): Oracle => read(name) as Oracle
export const readGradientOracle = (name: string): GradientOracle => read(name) as GradientOracle

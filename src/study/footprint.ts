import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Backend } from '../backends/backend.js'
import { UserError } from '../base/error.js'
import { fileError } from '../formats/file-error.js'
import { findNetwork } from '../networks/networks.js'
import { inProcess } from './lanes/lanes.js'
import type { FootprintOrder } from './lanes/measure-footprint.js'
import type { MatrixOptions } from './matrix.js'
import type { Footprint, FootprintResult } from './result.js'
import { writeText } from './study-log.js'

export interface FootprintOptions {
  readonly matrix: MatrixOptions
  readonly backend: Backend
  readonly threads: number
  readonly signal?: AbortSignal | undefined
  readonly say: (line: string) => void
}

/**
 * The cost of the preset's networks at their published size, some of them also with batch norm on the sums; one after
 * the other, each in a process of its own with all threads, so that nothing else is on the machine. Kernels are the
 * default ones: measuring them first would take longer than the steps. Kept in the study's folder once it is complete.
 */
export async function footprintOf(options: FootprintOptions): Promise<FootprintResult | undefined> {
  const { preset, out } = options.matrix
  const plan = preset.footprint
  if (!plan) return undefined
  const file = path.join(out, 'footprint.json')
  if (existsSync(file)) return readResult(file)
  if (!options.backend.native) {
    options.say('the cost at full size is not measured: plain loops would take hours (install oneDNN: see README.md)')
    return undefined
  }
  const networks = await measureAll(options, plan.networks, false)
  const withSumNorms = await measureAll(options, plan.withSumNorms, true)
  if (options.signal?.aborted) return undefined
  const { batch } = plan
  const size = Math.max(...plan.networks.map(id => findNetwork(id).size))
  const result: FootprintResult = { size, batch, threads: options.threads, networks, withSumNorms }
  writeText(file, `${JSON.stringify(result, undefined, 2)}\n`)
  return result
}

function readResult(file: string): FootprintResult {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as FootprintResult
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw fileError('read', file, error)
    throw new UserError(`${file} is damaged: remove it, and it is measured again`)
  }
}

/** Fewer when it is stopped: half a measurement is none. */
async function measureAll(options: FootprintOptions, ids: readonly string[], sumNorms: boolean): Promise<Footprint[]> {
  const measured: Footprint[] = []
  for (const id of ids) {
    if (options.signal?.aborted) break
    try {
      measured.push(await measure(options, id, sumNorms))
    } catch (error) {
      if (!options.signal?.aborted) throw error
    }
  }
  return measured
}

async function measure(options: FootprintOptions, id: string, sumNorms: boolean): Promise<Footprint> {
  const { matrix, signal, threads, say } = options
  const { size, title } = findNetwork(id)
  const plan = matrix.preset.footprint!
  const model = {
    network: id,
    classes: 1000,
    size,
    width: 1,
    normScale: true,
    ...(sumNorms && { extraNorm: 'sums' as const }),
  }
  const passes = matrix.passes.filter(pass => pass !== 'tune')
  const { backend, precision } = matrix
  const order: FootprintOrder = { kind: 'footprint', model, ...plan, backend, passes, precision }
  const footprint = await inProcess<Footprint>(order, { signal, threads, what: `measuring ${title}` })
  const suffix = sumNorms ? ' with batch norm on the sums' : ''
  say(
    `${title}${suffix} at ${size}×${size}: ${Math.round(footprint.stepMilliseconds)} ms a step of ${plan.batch} images`,
  )
  return footprint
}

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { UserError } from '../../base/error.js'
import { BadImage } from '../../data/bad-image.js'
import { decodeImage } from '../../data/decode.js'
import { ImageViews } from '../../data/image-views.js'
import { writeBilinear } from '../../data/sample-writer.js'
import { CompiledNetwork } from '../../evaluation/compiled-network.js'
import type { Classifier } from '../../prediction/classifier.js'

/** Milliseconds that so many of all runs took at most. */
export interface Spread {
  readonly p50: number
  readonly p95: number
}

/** What one image takes when everything is ready, by its parts. */
export interface WarmLatency {
  /** From the bytes of the file to pixels. */
  readonly decode: Spread
  /** From pixels to the network's input: cut and resized. */
  readonly preprocess: Spread
  /** The program by itself. */
  readonly network: Spread
  /** From the bytes of the file to probabilities, by the library's own call. */
  readonly total: Spread
  /** The median of all over the program's. */
  readonly overhead: number
}

/**
 * The parts and the whole take turns, so that what else happens on the machine meets all alike. Errors: UserError where the
 * bytes are no sound image.
 */
export async function measureWarm(
  classifier: Classifier,
  bytes: Uint8Array,
  { warmup, runs, signal }: { readonly warmup: number; readonly runs: number; readonly signal?: AbortSignal },
): Promise<WarmLatency> {
  await expectImage(bytes)
  const { model, precision, backend, store, preprocessing } = classifier
  using network = new CompiledNetwork({
    ...{ model, precision, backend, store, averages: false, batch: 1, tune: true, features: true },
    extent: { width: model.size, height: model.size },
  })
  const pixels = new Float32Array(3 * model.size ** 2)
  const times = { decode: [], preprocess: [], network: [], total: [] } as Record<keyof Parts, number[]>
  for (let i = 0; i < warmup + runs; i++) {
    signal?.throwIfAborted()
    const image = await timed(() => decodeImage(bytes))
    const preprocess = await timed(() => new ImageViews(image.result, preprocessing, writeBilinear).write(0, pixels))
    network.feed(pixels, 0)
    const run = await timed(() => network.run())
    const total = await timed(async () => {
      for await (const outcome of classifier.predict([bytes]))
        if ('reason' in outcome) throw new UserError(`the image cannot be used: ${outcome.reason}`)
    })
    if (i < warmup) continue
    times.decode.push(image.milliseconds)
    times.preprocess.push(preprocess.milliseconds)
    times.network.push(run.milliseconds)
    times.total.push(total.milliseconds)
  }
  const parts = {
    decode: spreadOf(times.decode),
    preprocess: spreadOf(times.preprocess),
    network: spreadOf(times.network),
    total: spreadOf(times.total),
  }
  return { ...parts, overhead: parts.total.p50 / parts.network.p50 }
}

async function expectImage(bytes: Uint8Array): Promise<void> {
  try {
    await decodeImage(bytes)
  } catch (error) {
    throw error instanceof BadImage ? new UserError(`the image cannot be used: ${error.message}`) : error
  }
}

type Parts = Omit<WarmLatency, 'overhead'>

async function timed<T>(work: () => T | Promise<T>): Promise<{ readonly result: T; readonly milliseconds: number }> {
  const begin = performance.now()
  const result = await work()
  return { result, milliseconds: performance.now() - begin }
}

export function spreadOf(times: readonly number[]): Spread {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
  return { p50: at(0.5), p95: at(0.95) }
}

export interface ColdOptions {
  readonly checkpoint: string
  readonly image: string
  readonly runs: number
  /** Options of `inception predict` besides: its backend, threads, precision. */
  readonly flags: readonly string[]
  readonly signal?: AbortSignal
}

/**
 * From the start of a process of `inception predict` to its first label, with the times of kernels that this user's
 * processes have kept, and with none.
 */
export async function measureCold(options: ColdOptions): Promise<{ readonly kept: Spread; readonly none: Spread }> {
  const [kept, none]: [number[], number[]] = [[], []]
  // Once for the file system's own memory.
  await firstLabel(options, {})
  for (let run = 0; run < options.runs; run++) {
    kept.push(await firstLabel(options, {}))
    const folder = mkdtempSync(path.join(os.tmpdir(), 'inception-cold-'))
    try {
      none.push(await firstLabel(options, { INCEPTION_CACHE: folder }))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  return { kept: spreadOf(kept), none: spreadOf(none) }
}

const main = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

/** Milliseconds until the process prints. Errors: UserError with its last words when it fails. */
function firstLabel({ checkpoint, image, flags, signal }: ColdOptions, env: NodeJS.ProcessEnv): Promise<number> {
  const begin = performance.now()
  const args = [main, 'predict', image, '--checkpoint', checkpoint, '--top', '1', ...flags]
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    ...(signal && { signal }),
  })
  let label: number | undefined
  let words = ''
  child.stdout.once('data', () => {
    label = performance.now() - begin
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => {
      if (code === 0 && label !== undefined) resolve(label)
      else reject(new UserError(`inception predict ended with ${code}: ${words.trim().split('\n').at(-1)}`))
    })
  })
}

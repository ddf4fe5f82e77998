import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { RandomStream } from '../../src/base/random.js'
import { type Description, readDescription, readTensors, type Tensor } from './description.js'
import { type Printed, Unavailable } from './peer.js'

/** A network opened by a peer in Node. */
export interface OpenPeer {
  readonly parameters?: number
  readonly versions: Readonly<Record<string, string>>
  /** Takes images [N,3,H,W], row-major, into the peer's own form; each call of the result computes their logits. */
  feed(images: Tensor): () => Promise<Float32Array>
}

export interface ProgramOptions {
  readonly folder: string
  readonly description: Description
  readonly threads: number
  /** The ONNX file, for who needs one. */
  readonly onnx: string | undefined
}

/**
 * The whole of a peer's program in Node: `infer` times it, `logits` prints what it makes of given images; the options
 * are those of torch_peer.py.
 */
export async function runProgram(open: (options: ProgramOptions) => Promise<OpenPeer>): Promise<void> {
  const text = { type: 'string' } as const
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { model: text, onnx: text, images: text, batch: text, threads: text, warmup: text, runs: text },
  })
  try {
    const folder = values.model!
    const description = readDescription(folder)
    const threads = Number(values.threads ?? 1)
    const peer = await open({ folder, description, threads, onnx: values.onnx })
    const about: Printed = { ...(peer.parameters && { parameters: peer.parameters }), versions: peer.versions }
    if (positionals[0] === 'logits') {
      const images = readTensors(values.images!).get('images')!
      print({ ...about, logits: [...(await peer.feed(images)())] })
    } else {
      const images = randomImages(Number(values.batch ?? 8), description.size)
      const milliseconds = await timed(peer.feed(images), Number(values.warmup ?? 2), Number(values.runs ?? 5))
      print({ ...about, milliseconds, peakMemoryBytes: 1024 * process.resourceUsage().maxRSS })
    }
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    print({ unavailable: error.message })
  }
}

const print = (printed: Printed) => console.log(JSON.stringify(printed))

/** Random images in [−1, 1]. */
export function randomImages(batch: number, size: number): Tensor {
  const random = new RandomStream(1, 'images')
  const shape = [batch, 3, size, size]
  return { shape, data: Float32Array.from({ length: batch * 3 * size * size }, () => random.uniform(-1, 1)) }
}

async function timed(run: () => Promise<unknown>, warmup: number, runs: number): Promise<number[]> {
  const milliseconds: number[] = []
  for (let i = 0; i < warmup + runs; i++) {
    const start = performance.now()
    await run()
    if (i >= warmup) milliseconds.push(performance.now() - start)
  }
  return milliseconds
}

/** Loads a package that need not be there. */
export async function load<T>(name: string, importing: () => Promise<T>): Promise<T> {
  try {
    return await importing()
  } catch (error) {
    throw new Unavailable(`${name} is not installed: ${(error as Error).message.split('\n')[0]}`)
  }
}

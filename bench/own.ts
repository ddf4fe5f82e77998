import path from 'node:path'
import type { Spread, WarmLatency } from '../src/study/bench/latency.js'
import { waitForQuiet, watchNeighbours } from './neighbours.js'
import { benchCommand, inceptionBench } from './peers/ours.js'
import { printedBy } from './peers/peer.js'
import { root } from './root.js'
import type { Comparison, Measurement, Row, Setting } from './row.js'

// Rows that hold us against a bound of the machine's or of our own, rather than against a peer.

const table = 'Against the machine'

const measured = (comparison: Comparison, versions: Measurement['versions'] = {}): Measurement => ({
  comparisons: [comparison],
  skipped: [],
  versions: { Node: process.version, ...versions },
})

/** How many times as long as its convolutions and matrix products, each alone at its best, a step or a batch takes. */
export const ofTheLimit = (work: 'train' | 'infer', network: string, atMost: number): Row => ({
  id: `limit-${work}-${network}`,
  table,
  title: `${work === 'train' ? 'training' : 'inference'}, ${network}, batch 8, bf16`,
  async measure({ threads, rounds, say }) {
    const options = ['--network', network, '--batch', '8', '--precision', 'bf16', '--limit', '--runs', `${5 * rounds}`]
    const { milliseconds, limit, machine } = await benchCommand([work, ...options], threads)
    const numbers = { ours: milliseconds.median, theirs: limit!, ratio: milliseconds.median / limit! }
    say(`  ${milliseconds.median.toFixed(0)} ms, at best ${limit!.toFixed(0)} ms`)
    const against = 'the sum of its convolutions'
    return measured(
      { what: 'time', against, unit: 'ms', ...numbers, target: { atMost } },
      { 'our engine': machine.engine },
    )
  },
})

const script = async <T>(name: string, args: readonly string[], threads: number): Promise<T> =>
  JSON.parse(await printedBy(process.execPath, [path.join(root, `dist/bench/${name}.js`), ...args, '--json'], threads))

export const optimizer: Row = {
  id: 'optimizer',
  table,
  title: 'RMSProp with running average over 55.8 M parameters',
  async measure({ threads }: Setting) {
    const { update, pass, ratio } = await script<Record<string, number>>('optimizer', [`${threads}`], threads)
    const numbers = { ours: update!, theirs: pass!, ratio: ratio! }
    const against = 'a pass over the same bytes'
    return measured({ what: 'time', against, unit: 'ms', ...numbers, target: { atMost: 1.5 } })
  },
}

/** Milliseconds from the start of a process to the end of its first training step, kernels having been measured before. */
export const firstStep = (network: string): Row => ({
  id: `first-step-${network}`,
  table,
  title: `first step after start, ${network}, batch 8`,
  async measure({ threads, rounds }) {
    const step = () => benchCommand(['train', '--network', network, '--warmup', '0', '--runs', '1'], threads)
    await step()
    const times: number[] = []
    for (let round = 0; round < rounds; round++) {
      const begin = performance.now()
      await step()
      times.push(performance.now() - begin)
    }
    const ours = times.toSorted((a, b) => a - b)[times.length >> 1]!
    const limit = 5000
    return measured({
      what: 'time',
      against: 'the goal',
      unit: 'ms',
      ours,
      theirs: limit,
      ratio: ours / limit,
      target: { atMost: 1 },
    })
  },
})

/** One image through the library beside the program alone, and the start of a process of `inception predict`. */
export const latency = (network: string): Row => ({
  id: `latency-${network}`,
  table,
  title: `one image, ${network}, bf16`,
  async measure({ threads, rounds, patience }) {
    await waitForQuiet(patience)
    const others = watchNeighbours()
    const options = [
      '--network',
      network,
      '--precision',
      'bf16',
      '--runs',
      `${20 * rounds}`,
      '--cold-runs',
      `${2 * rounds}`,
    ]
    const { warm, cold, machine } = await inceptionBench<Latency>(['latency', ...options], threads)
    const share = others()
    const comparison = (what: string, against: string, ours: number, theirs: number, atMost: number): Comparison => ({
      ...{ what, against, unit: 'ms', ours, theirs, ratio: ours / theirs, target: { atMost } },
    })
    return {
      comparisons: [
        comparison('file to label, warm', 'the program alone', warm.total.p50, warm.network.p50, 1.15),
        comparison('process start to label', 'the goal', cold.kept.p50, 1500, 1),
        comparison('the same, no kernel timed before', 'the goal', cold.none.p50, 1500, 1),
      ],
      skipped: [],
      versions: { Node: process.version, 'our engine': machine.engine },
      ...(share !== undefined && { neighbours: share }),
    }
  },
})

interface Latency {
  readonly warm: WarmLatency
  readonly cold: { readonly kept: Spread; readonly none: Spread }
  readonly machine: { readonly engine: string }
}

export const neighbour: Row = {
  id: 'neighbour',
  table,
  title: 'a step with another process busy on one core, inception-v4, batch 8',
  async measure({ threads, rounds }) {
    const result = await script<Record<'alone' | 'disturbed' | 'ratio', number>>('neighbour', [`${rounds}`], threads)
    const numbers = { ours: result.disturbed, theirs: result.alone, ratio: result.ratio }
    return measured({ what: 'time', against: 'the same step alone', unit: 'ms', ...numbers, target: { atMost: 3 } })
  },
}

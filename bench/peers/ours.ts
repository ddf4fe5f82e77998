import path from 'node:path'
import { UserError } from '../../src/base/error.js'
import type { MachineSummary } from '../../src/study/result.js'
import { root } from '../root.js'
import { type Contestant, printedBy, Unavailable } from './peer.js'

/** Ourselves, by our own command. `flags` go to `inception bench`; a flag that it does not know is `Unavailable`. */
export const ours = (precision: 'f32' | 'bf16', flags: readonly string[] = []): Contestant => ({
  title: ['ours', precision, ...flags].join(' '),
  async run({ work, network, batch, threads, warmup, runs }) {
    const options = { network, batch, precision, warmup, runs, backend: 'onednn' }
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`])
    const result = await benchCommand([work, ...args, ...flags], threads)
    return {
      milliseconds: result.milliseconds.median,
      peakMemoryBytes: result.peakMemoryBytes,
      versions: { 'our engine': result.machine.engine, Node: result.machine.node },
    }
  },
})

interface Printed {
  readonly milliseconds: { readonly median: number }
  readonly peakMemoryBytes: number
  readonly limit?: number
  readonly machine: MachineSummary
}

/** What `inception bench train` and `infer` print. */
export const benchCommand = (args: readonly string[], threads: number): Promise<Printed> =>
  inceptionBench<Printed>(args, threads)

/** What `inception bench … --json` prints. */
export async function inceptionBench<T>(args: readonly string[], threads: number): Promise<T> {
  const command = [path.join(root, 'dist/src/cli/main.js'), 'bench', ...args, '--json']
  try {
    return JSON.parse(await printedBy(process.execPath, command, threads)) as T
  } catch (error) {
    const unknown = error instanceof UserError && /unknown option '([^']+)'/.exec(error.message)
    if (unknown) throw new Unavailable(`inception bench has no option ${unknown[1]}`)
    throw error
  }
}

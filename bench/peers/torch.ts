import path from 'node:path'
import { root } from '../root.js'
import { askPeer, type Contestant, type Printed, sampleOf, Unavailable } from './peer.js'

const program = path.join(root, 'bench/peers/torch_peer.py')

/** How PyTorch computes: `bf16` is autocast over f32 weights, `bf16-pure` a model whose weights are bf16 as well. */
export type TorchType = 'f32' | 'bf16' | 'bf16-pure'

/** PyTorch, run by a Python that has it (bench/peers/torch_peer.py). */
export class Torch {
  readonly #python: string | undefined

  private constructor(python: string | undefined) {
    this.#python = python
  }

  /** Looks for a Python with PyTorch: the one given, else the one on the path, else the system's. */
  static async find(python?: string): Promise<Torch> {
    for (const candidate of python ? [python] : ['python3', '/usr/bin/python3'])
      try {
        await askPeer(candidate, ['-c', 'import torch; print("{}")'], 1)
        return new Torch(candidate)
      } catch {
        // The next one may have it.
      }
    return new Torch(undefined)
  }

  /** Asks torch_peer.py. Throws `Unavailable` where no Python has PyTorch. */
  ask(args: readonly string[], threads: number): Promise<Printed> {
    if (!this.#python) throw new Unavailable('no Python with PyTorch found: name one with --python')
    return askPeer(this.#python, [program, ...args, '--threads', `${threads}`], threads)
  }

  /** `folder` gives a network's description. Inception-v3 is timed as torchvision has it. */
  contestant(type: TorchType, folder: (network: string) => string, compile = false): Contestant {
    const precision = { f32: 'f32', bf16: 'bf16 autocast', 'bf16-pure': 'bf16 weights' }[type]
    return {
      title: `PyTorch ${compile ? 'compiled' : 'eager'}, ${precision}`,
      run: async ({ work, network, batch, threads, warmup, runs }) => {
        const options = { model: folder(network), batch, dtype: type, warmup, runs }
        const flags = [...(network === 'inception-v3' ? ['--torchvision'] : []), ...(compile ? ['--compile'] : [])]
        const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`])
        return sampleOf(await this.ask([work, ...args, ...flags], threads))
      },
    }
  }

  /** Writes the described network for batches of this size to `file`, with batch norms folded into convolutions. */
  async export(folder: string, batch: number, file: string, threads: number): Promise<void> {
    await this.ask(['export', '--model', folder, '--batch', `${batch}`, '--onnx', file], threads)
  }
}

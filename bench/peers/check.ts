// Whether the peers compute the same networks: as many parameters, and, from the same weights and the same image, the
// same logits within the rounding of f32. Batch norms' statistics and all that starts constant are randomised first.
//     node dist/bench/peers/check.js [--size 299] [--python python3]
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { Store } from '../../src/backends/backend.js'
import { openBackend } from '../../src/backends/open.js'
import { formatCount, formatTable } from '../../src/base/format.js'
import { RandomStream } from '../../src/base/random.js'
import { findNetwork } from '../../src/networks/networks.js'
import { buildModel } from '../../src/nn/model.js'
import { root } from '../root.js'
import { describe, type Tensor, writeDescription, writeTensors } from './description.js'
import { askPeer, type Printed, Unavailable } from './peer.js'
import { randomImages } from './program.js'
import { Torch } from './torch.js'

/** Largest difference of a logit over the largest logit. */
const tolerance = 1e-3

const { values } = parseArgs({ options: { size: { type: 'string' }, python: { type: 'string' } } })
const threads = os.availableParallelism()
const backend = openBackend('onednn', () => {})
const torch = await Torch.find(values.python)
const rows: string[][] = []
let failed = false
for (const network of ['inception-v3', 'inception-v4', 'inception-resnet-v2-slim']) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'inception-check-'))
  try {
    await check(network, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
console.log(formatTable(['network', 'peer', 'parameters', 'ours', 'logits differ by', ''], rows))
process.exitCode = failed ? 1 : 0

async function check(id: string, folder: string): Promise<void> {
  const network = findNetwork(id)
  const size = Number(values.size ?? network.size)
  const model = buildModel(network, { mode: 'train', batch: 1, size })
  const images = randomImages(1, size)
  const { store, logits } = ourLogits(id, images)
  writeDescription(folder, model, store)
  const file = path.join(folder, 'images.safetensors')
  writeTensors(file, new Map([['images', images]]))
  const onnx = path.join(folder, 'model.onnx')
  const common = ['logits', '--model', folder, '--images', file]
  const node = (program: string, ...more: string[]) =>
    askPeer(process.execPath, [path.join(root, 'dist/bench/peers', program), ...common, ...more], threads)
  const peers: Record<string, () => Promise<Printed>> = {
    PyTorch: () => torch.ask(common, threads),
    'ONNX Runtime': async () => {
      await torch.export(folder, 1, onnx, threads)
      return node('onnxruntime.js', '--onnx', onnx, '--threads', `${threads}`)
    },
    'TensorFlow.js': () => node('tfjs.js'),
    // Its weights are its own: only the number of parameters is compared.
    ...(id === 'inception-v3' && {
      torchvision: async () => ({ ...(await torch.ask([...common, '--torchvision'], threads)), logits: [] }),
    }),
  }
  const expected = describe(model).parameters
  for (const [peer, ask] of Object.entries(peers)) rows.push([id, peer, ...(await outcome(ask, expected, logits))])
}

/** The cells of one row. */
async function outcome(ask: () => Promise<Printed>, parameters: number, logits: Float32Array): Promise<string[]> {
  try {
    const printed = await ask()
    const difference = printed.logits!.length === 0 ? undefined : relativeDifference(printed.logits!, logits)
    const right =
      (printed.parameters ?? parameters) === parameters && (difference === undefined || difference <= tolerance)
    failed ||= !right
    return [
      printed.parameters === undefined ? 'folded' : formatCount(printed.parameters),
      formatCount(parameters),
      difference === undefined ? '—' : difference.toExponential(1),
      right ? 'the same' : 'DIFFERENT',
    ]
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    return ['—', formatCount(parameters), '—', `skipped: ${error.message}`]
  }
}

function relativeDifference(theirs: readonly number[], ours: Float32Array): number {
  if (theirs.length !== ours.length) return Number.POSITIVE_INFINITY
  const largest = ours.reduce((most, logit) => Math.max(most, Math.abs(logit)), 0)
  const differences = theirs.map((logit, i) => Math.abs(logit - ours[i]!) / largest)
  return differences.reduce((most, d) => (d <= most ? most : d), 0)
}

/** Our f32 logits for one image, and the randomised weights they came from. */
function ourLogits(id: string, images: Tensor): { store: Store; logits: Float32Array } {
  const size = images.shape[2]!
  const model = buildModel(findNetwork(id), { mode: 'eval', batch: 1, size })
  const store = backend.createStore()
  const program = backend.compile(model.graph, { outputs: [model.logits], store })
  randomise(store)
  const input = program.input('images')
  for (let pixel = 0; pixel < size * size; pixel++)
    for (let c = 0; c < 3; c++) input[pixel * 3 + c] = images.data[c * size * size + pixel]!
  program.run()
  return { store, logits: program.read(model.logits) }
}

/** Moves what starts constant (statistics, scales, shifts, biases) off 0 and 1, so that a mix-up shows. */
function randomise(store: Store): void {
  for (const { name, initial } of store.variables.values()) {
    if (initial.kind !== 'constant') continue
    const random = new RandomStream(2, 'randomise', name)
    const data = store.data(name)
    for (let i = 0; i < data.length; i++) data[i] = initial.value + random.uniform(-0.2, 0.2)
  }
}

import { sharedOnednn } from '../../src/backends/onednn/onednn.js'
import { openBackend } from '../../src/backends/open.js'
import { optimiseInference } from '../../src/graph/passes/passes.js'
import { inceptionResnetV1 } from '../../src/networks/inception-resnet-v1.js'
import { buildModel } from '../../src/nn/model.js'
import { small } from '../graph/small-network.js'

// Compiles a small network again and again, each time for images of another size, runs it once and lets it go. Prints
// what the process has resident and what of the team's memory is in use, in bytes, early and at the end, as JSON.

const [early, programs] = [40, 200]
const backend = openBackend('onednn', () => {}, { threads: 1 })

function compileOnce(size: number) {
  const model = buildModel(inceptionResnetV1, { ...small, mode: 'eval', blocks: { a: 1, b: 1, c: 1 }, size })
  const logits = optimiseInference(model.graph, model.logits, backend.passes)
  using store = backend.createStore()
  using program = backend.compile(model.graph, { outputs: [logits], store, tune: false })
  program.run()
}

function held() {
  globalThis.gc?.()
  const shared = sharedOnednn()
  if ('reason' in shared) throw new Error(shared.reason)
  return { resident: process.memoryUsage.rss(), team: shared.team.store.used }
}

const before = held()
for (let i = 0; i < early; i++) compileOnce(75 + i)
const then = held()
for (let i = early; i < programs; i++) compileOnce(75 + i)
console.log(JSON.stringify({ before, then, now: held() }))

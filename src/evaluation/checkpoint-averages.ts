import type { Backend, Store } from '../backends/backend.js'
import { averageName } from '../optim/average.js'
import type { Checkpoint } from '../training/checkpoint.js'
import { decodeState, restore } from '../training/checkpoint-state.js'
import { declareNetwork } from './compiled-network.js'

/**
 * A store that holds a checkpoint's running averages under the variables' own names; where it has none, as with imported
 * weights, the variables themselves. Errors: UserError when the checkpoint lacks tensors.
 */
export function averagesOf(checkpoint: Checkpoint, backend: Backend): Store {
  const { model } = decodeState(checkpoint)
  const store = backend.createStore()
  try {
    declareNetwork({ model, store, averages: false, extent: { width: model.size, height: model.size } })
    const names = new Set(checkpoint.names)
    restore(store, checkpoint, name => (names.has(averageName(name)) ? averageName(name) : name))
    return store
  } catch (error) {
    store[Symbol.dispose]()
    throw error
  }
}

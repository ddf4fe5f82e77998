import type { Backend, Store } from '../backends/backend.js'
import { averageName } from '../optim/average.js'
import type { Checkpoint } from '../training/checkpoint.js'
import { decodeState, restore } from '../training/checkpoint-state.js'
import { evaluationVariables } from './compiled-network.js'

/**
 * A store that holds a checkpoint's running averages under the variables' own names; where it has none, as with imported
 * weights, the variables themselves. Errors: UserError when the checkpoint lacks tensors.
 */
export function averagesOf(checkpoint: Checkpoint, backend: Backend): Store {
  const { model } = decodeState(checkpoint)
  const store = backend.createStore()
  try {
    // Drawing millions of first values, only to write over them, took a quarter of the time to a first prediction.
    for (const variable of evaluationVariables(model, { width: model.size, height: model.size }))
      store.declare({ ...variable, initial: { kind: 'constant', value: 0 } }, 0)

    restore(store, checkpoint, name => (checkpoint.has(averageName(name)) ? averageName(name) : name))
    return store
  } catch (error) {
    store[Symbol.dispose]()
    throw error
  }
}

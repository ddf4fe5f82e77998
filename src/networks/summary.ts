import { sizeOf } from '../base/shape.js'
import { buildModel, type Model } from '../nn/model.js'
import { type ModelSpec, modelOptions, networkOf } from './model-spec.js'

export interface Summary {
  readonly model: Model
  readonly parameters: number
  /** Of one image's forward pass. */
  readonly multiplyAdds: number
}

/** A network's size and cost, from its graph for one image. */
export function summarise(spec: ModelSpec): Summary {
  const model = buildModel(networkOf(spec), { ...modelOptions(spec), mode: 'eval', batch: 1 })
  const parameters = model.parameters.reduce((sum, value) => sum + sizeOf(value.shape), 0)
  const multiplyAdds = model.graph.nodes.reduce(
    (sum, { op, inputs, outputs, attrs }) => sum + op.cost(inputs, outputs, attrs).multiplyAdds,
    0,
  )
  return { model, parameters, multiplyAdds }
}

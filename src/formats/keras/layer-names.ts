import { isJsonObject, type Json, type JsonObject } from '../json.js'

/** A model within a model, within a model … */
const mostDepth = 32

/**
 * The layers' names by their paths in model.weights.h5, in the model's order. A path counts the layers of a class
 * (`layers/conv2d_7`: the eighth Conv2D), because names that were given automatically differ from one process to the next
 * (_save_container_state in keras/src/saving/saving_lib.py). Layers of a model within the model have its name before theirs.
 */
export function layerNames(config: JsonObject): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  const visit = (layers: readonly Json[], path: string, prefix: string, depth: number): void => {
    const used = new Map<string, number>()
    for (const layer of layers) {
      if (!isJsonObject(layer) || isOperation(layer)) continue
      const kind = snakeCase(typeof layer.class_name === 'string' ? layer.class_name : '')
      const count = used.get(kind) ?? 0
      used.set(kind, count + 1)
      const place = `${path}layers/${kind}${count === 0 ? '' : `_${count}`}`
      const name = prefix + nameOf(layer)
      names.set(place, name)
      const inner = layersOf(layer)
      if (inner !== undefined && depth < mostDepth) visit(inner, `${place}/`, `${name}/`, depth + 1)
    }
  }
  visit(layersOf(config) ?? [], '', '', 0)
  return names
}

function layersOf({ config }: JsonObject): readonly Json[] | undefined {
  const layers = isJsonObject(config) ? config.layers : undefined
  return Array.isArray(layers) ? layers : undefined
}

function nameOf({ name, config }: JsonObject): string {
  const own = name ?? (isJsonObject(config) ? config.name : undefined)
  return typeof own === 'string' ? own : ''
}

/** keras.ops.add and the like stand among the layers and are none. */
const isOperation = ({ module }: JsonObject): boolean => typeof module === 'string' && /(^|\.)ops(\.|$)/.test(module)

/** to_snake_case in keras/src/utils/naming.py: BatchNormalization, Conv2D and PReLU are batch_normalization, conv2d, p_re_lu. */
export const snakeCase = (name: string): string =>
  name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()

import type { Fail } from '../file-error.js'
import { quote } from '../header-json.js'
import type { StoredLayer, StoredModel, StoredWeight } from './hdf5-request.js'
import { type Hdf5Tree, mostNames } from './hdf5-tree.js'

/** A model within a model, within a model … */
const mostDepth = 32

/**
 * Finds the layers that have weights in an HDF5 file of Keras. Its older format, with or without the model around it, lists
 * layers in an attribute of their group and each layer's weights in an attribute of the layer's
 * (keras/src/legacy/saving/legacy_h5_format.py); in Keras 3's own format the tree of groups is the tree of layers
 * (keras/src/saving/saving_lib.py).
 */
export function readStoredModel(tree: Hdf5Tree, fail: Fail): StoredModel {
  const root = tree.kind('/model_weights') === 'group' ? '/model_weights' : ''
  const layers = has(tree, root, 'layer_names') ? listedLayers(tree, root, fail) : nestedLayers(tree, fail)
  if (layers.length === 0)
    fail(
      'it holds no weights of Keras: there are neither layer_names nor a group of layers; give a file that Keras saved',
    )
  const one = (name: string): string | undefined =>
    tree.hasAttribute('/', name) ? tree.texts('/', name)[0] : undefined
  return { layers, config: one('model_config'), version: one('keras_version') }
}

/** A long list is cut into several attributes, with numbers behind the name. */
const has = (tree: Hdf5Tree, path: string, name: string): boolean =>
  tree.hasAttribute(path || '/', name) || tree.hasAttribute(path || '/', `${name}0`)

function listOf(tree: Hdf5Tree, path: string, name: string, fail: Fail): string[] {
  const at = path || '/'
  const names: string[] = []
  if (tree.hasAttribute(at, name)) names.push(...tree.texts(at, name))
  else
    for (let i = 0; tree.hasAttribute(at, `${name}${i}`); i++) {
      names.push(...tree.texts(at, `${name}${i}`))
      if (names.length > mostNames) fail(`${name} of ${quote(at)} has more than ${mostNames} entries`)
    }
  const seen = new Set<string>()
  for (const entry of names) {
    if (seen.has(entry)) fail(`${name} of ${quote(at)} has ${quote(entry)} twice`)
    seen.add(entry)
  }
  return names
}

function listedLayers(tree: Hdf5Tree, root: string, fail: Fail): StoredLayer[] {
  const names = listOf(tree, root, 'layer_names', fail)
  // Weights of the model itself, which no layer has.
  const own = 'top_level_model_weights'
  if (!names.includes(own) && tree.kind(`${root}/${own}`) === 'group') names.push(own)
  const layers = names.map(name => {
    const path = `${root}/${name}`
    if (tree.kind(path) !== 'group') fail(`layer ${quote(name)} is in the list of layers and not in the file`)
    const weights = listOf(tree, path, 'weight_names', fail).map(weight => {
      const place = `${path}/${weight}`
      if (tree.kind(place) !== 'dataset') fail(`weight ${quote(weight)} of layer ${quote(name)} is not in the file`)
      return { name: weight, path: place, ...tree.dataset(place) }
    })
    return { name, path: name, weights }
  })
  return layers.filter(layer => layer.weights.length > 0)
}

/** Each layer's weights lie in its group `vars`, called 0, 1 and so on. */
function nestedLayers(tree: Hdf5Tree, fail: Fail): StoredLayer[] {
  const layers: StoredLayer[] = []
  let groups = 0
  const visit = (path: string, depth: number): void => {
    if (depth > mostDepth) fail(`its groups are nested more than ${mostDepth} deep, or in a circle`)
    if (++groups > mostNames) fail(`it has more than ${mostNames} groups, or they lie in a circle`)
    for (const name of [...tree.names(path || '/')].sort(byNumber)) {
      const child = `${path}/${name}`
      if (tree.kind(child) !== 'group') continue
      if (name !== 'vars') visit(child, depth + 1)
      else {
        const weights = weightsIn(tree, child)
        if (weights.length > 0)
          layers.push({ name: nameOf(tree, child) ?? path.slice(1), path: path.slice(1), weights })
      }
    }
  }
  visit('', 0)
  return layers
}

const weightsIn = (tree: Hdf5Tree, group: string): StoredWeight[] =>
  [...tree.names(group)]
    .sort(byNumber)
    .map(name => ({ name, path: `${group}/${name}` }))
    .filter(({ path }) => tree.kind(path) === 'dataset')
    .map(weight => ({ ...weight, ...tree.dataset(weight.path) }))

/** What the layer is called in its model; files before Keras 3.7 or so do not say. */
const nameOf = (tree: Hdf5Tree, group: string): string | undefined =>
  tree.hasAttribute(group, 'name') ? tree.texts(group, 'name')[0] : undefined

/** conv2d, conv2d_2, conv2d_10. */
const byNumber = new Intl.Collator('en', { numeric: true }).compare

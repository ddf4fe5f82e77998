import { labelOf } from '../../data/imagenet-classes.js'
import { variableOf } from '../../graph/ops/source.js'
import { modelOptions, networkOf } from '../../networks/model-spec.js'
import { buildModel } from '../../nn/model.js'
import type { CheckpointState } from '../../training/checkpoint-state.js'
import type { Family } from '../../weights/family.js'
import { centreCropOf, channelScale } from './processor.js'

/**
 * What timm reads of `config.json` (timm/models/_hub.py, `save_config_for_hf` and `load_model_config_from_hf`). The classes'
 * names are ours; what they mean stands beside them.
 */
export function timmConfig(state: CheckpointState, family: Family): object {
  const { model, classNames } = state
  const { share, filter } = centreCropOf(state)
  const { pooled, parameters } = buildModel(networkOf(model), { ...modelOptions(model), mode: 'eval', batch: 1 })
  const [, features, ...poolSize] = pooled.shape
  return {
    architecture: family.title,
    num_classes: model.classes,
    num_features: features,
    global_pool: 'avg',
    label_names: classNames,
    label_descriptions: Object.fromEntries(classNames.map(name => [name, labelOf(name)])),
    pretrained_cfg: {
      custom_load: false,
      input_size: [3, model.size, model.size],
      fixed_input_size: false,
      interpolation: filter,
      crop_pct: share,
      crop_mode: 'center',
      ...channelScale(networkOf(model).preprocessing),
      num_classes: model.classes,
      pool_size: poolSize,
      first_conv: moduleOf(family.names.get(variableOf(parameters[0]!)!.name)!),
      classifier: moduleOf(family.names.get('logits.weights')!),
    },
  }
}

/** 'features.0.conv.weight' is the weight of the module 'features.0.conv'. */
const moduleOf = (tensor: string): string => tensor.replace(/\.weight$/, '')

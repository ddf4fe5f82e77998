import { labelOf } from '../../data/imagenet-classes.js'

/**
 * What transformers.js reads of `config.json`. It knows no class for these networks; ResNet's adds nothing to the ONNX
 * model's input and output. Browsers would ask for an 8-bit model unless told which there is.
 */
export function transformersConfig(classNames: readonly string[]): object {
  const labels = classNames.map(labelOf)
  return {
    model_type: 'resnet',
    architectures: ['ResNetForImageClassification'],
    id2label: Object.fromEntries(labels.map((label, i) => [i, label])),
    // Of classes with the same name, such as ImageNet's two cranes, the first is found by it.
    label2id: Object.fromEntries(labels.map((label, i) => [label, i] as const).reverse()),
    'transformers.js_config': { dtype: 'fp32' },
  }
}

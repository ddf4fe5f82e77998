import { formatCount, formatSi } from '../../base/format.js'
import { cropProtocols } from '../../data/crops/crops.js'
import { isImagenet } from '../../data/imagenet-classes.js'
import type { JsonObject } from '../../formats/json.js'
import { changesOf, networkOf } from '../../networks/model-spec.js'
import { summarise } from '../../networks/summary.js'
import type { CheckpointState } from '../../training/checkpoint-state.js'
import type { ExportedOnnx } from '../onnx/export-onnx.js'
import { cropUsage, timmUsage, transformersUsage } from './card-usage.js'
import type { EvaluationLine } from './evaluations.js'
import { markdownTable } from './markdown-table.js'
import { channelScale } from './processor.js'
import type { TrainingRecord } from './training-record.js'

export interface CardSubject {
  readonly state: CheckpointState
  /** Updates of the weights that were made here. */
  readonly step: number
  /** SHA-256 of the checkpoint. */
  readonly weights: string
  /** What timm calls the network, where the folder is for timm. */
  readonly architecture?: string
  /** The models that transformers.js runs, where the folder is for it. */
  readonly onnx?: ExportedOnnx
  readonly evaluations: readonly EvaluationLine[]
  readonly training: TrainingRecord | undefined
}

/** The model card, README.md, in the order of timm's own (timm/models/_hub.py, `generate_readme`). */
export const modelCard = (subject: CardSubject): string =>
  [header(subject), details(subject), usage(subject), evaluation(subject), training(subject), citation].join('\n')

function header({ state, architecture, onnx }: CardSubject): string {
  const tags = ['image-classification', ...(architecture ? ['timm'] : []), ...(onnx ? ['transformers.js'] : [])]
  return `---
tags:
${tags.map(tag => `- ${tag}`).join('\n')}
pipeline_tag: image-classification
library_name: ${architecture ? 'timm' : 'transformers.js'}
${isImagenet(state.classNames) ? 'datasets:\n- imagenet-1k\n' : ''}---
# ${networkOf(state.model).title}
`
}

function details({ state, step, weights }: CardSubject): string {
  const { model, crop = 'slim', centralFraction, source } = state
  const network = networkOf(model)
  const { parameters, multiplyAdds } = summarise(model)
  const { mean, std } = channelScale(network.preprocessing)
  const changes = changesOf(model)
  const facts: [string, string][] = [
    ['Network', `${network.title} (${network.source})`],
    ...(changes.length > 0 ? [['Changed', changes.join('; ')] as [string, string]] : []),
    ['Classes', formatCount(model.classes)],
    ['Parameters', formatCount(parameters)],
    ['Multiply-adds', `${formatSi(multiplyAdds)} an image`],
    ['Image size', `${model.size} × ${model.size}`],
    ['Pixels', `0 … 1, red first, less ${mean.join(', ')}, over ${std.join(', ')}`],
    ['Crop', cropProtocols[crop].describe(model.size, { fraction: centralFraction })],
    source
      ? ['Weights', `of ${source.from}, file ${source.file}, SHA-256 ${source.sha256}`]
      : ['Weights', `trained with inception-resnet, ${formatCount(step)} steps`],
    ['Checkpoint', `SHA-256 ${weights}`],
  ]
  return `## Model Details

${facts.map(([name, text]) => `- **${name}:** ${text}`).join('\n')}
`
}

function usage({ state, architecture, onnx }: CardSubject): string {
  const parts = [
    ...(architecture === undefined ? [] : [timmUsage(state.model.network)]),
    ...(onnx ? [transformersUsage(onnx)] : []),
    cropUsage(state, { transformers: onnx !== undefined }),
  ]
  return `## Usage\n\n${parts.join('\n\n')}\n`
}

function evaluation({ state, evaluations }: CardSubject): string {
  const percent = ([error, low, high]: EvaluationLine['top1']) =>
    `${error.toFixed(2)} % (${low.toFixed(2)} – ${high.toFixed(2)})`
  const table = markdownTable(
    ['images', 'crops', 'precision', 'top-1 error (95 %)', 'top-5 error (95 %)', 'not readable'],
    evaluations.map(({ images, count, bad, crops, precision, top1, top5 }) => [
      ...[`${images}: ${formatCount(count)}`, crops, precision],
      ...[percent(top1), percent(top5), formatCount(bad)],
    ]),
  )
  const measured = state.errors
    ? `When it was written, the checkpoint had a top-1 error of ${(100 * state.errors.top1).toFixed(2)} % and a top-5 error of ${(100 * state.errors.top5).toFixed(2)} % on the validation images of its training, single crop.`
    : 'Not evaluated.'
  return `## Evaluation

${evaluations.length > 0 ? table : measured}
`
}

function training({ state, step, training: record }: CardSubject): string {
  if (!record)
    return `## Training

${state.source ? `The weights were trained elsewhere: see ${state.source.from}.` : 'The run that trained it was not at hand.'}
`
  const { recipe, data, start } = record
  const facts: JsonObject = {
    data,
    ...(start && { images: start.images, parameters: start.parameters }),
    steps: step,
    'epochs done': Number(state.epoch.toFixed(2)),
    ...recipe,
  }
  const cells = Object.entries(facts).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
  return `## Training\n\n${markdownTable(['setting', 'value'], cells)}\n`
}

const citation = `## Citation

\`\`\`bibtex
@inproceedings{szegedy2017inception,
  title = {Inception-v4, Inception-{ResNet} and the Impact of Residual Connections on Learning},
  author = {Szegedy, Christian and Ioffe, Sergey and Vanhoucke, Vincent and Alemi, Alexander},
  booktitle = {Proceedings of the AAAI Conference on Artificial Intelligence},
  volume = {31},
  number = {1},
  year = {2017},
  eprint = {1602.07261},
  archivePrefix = {arXiv}
}
\`\`\`
`

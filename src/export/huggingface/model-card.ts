import { formatBytes, formatCount, formatPercent, formatSi } from '../../base/format.js'
import { cropProtocols } from '../../data/crops/crops.js'
import { isImagenet } from '../../data/imagenet-classes.js'
import type { JsonObject } from '../../formats/json.js'
import { changesOf, networkOf } from '../../networks/model-spec.js'
import { summarise } from '../../networks/summary.js'
import type { CheckpointState } from '../../training/checkpoint-state.js'
import type { ExportedOnnx, OnnxFile, OnnxVariant } from '../onnx/export-onnx.js'
import type { EvaluationLine } from './evaluations.js'
import { centreCropOf, channelScale } from './processor.js'
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
  const { short, filter, departure } = centreCropOf(state)
  const { size, network } = state.model
  const told = `short side ${short}, ${filter}, centre ${size} × ${size}`
  return `## Usage
${
  architecture
    ? `
### timm

\`\`\`python
import timm

model = timm.create_model('local-dir:.', pretrained=True).eval()  # or 'hf-hub:<user>/<name>'
transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model), is_training=False)
\`\`\`

### inception-resnet

\`\`\`sh
inception import model.safetensors --from timm --network ${network} --out ${network}.safetensors
\`\`\`
`
    : ''
}${
  onnx
    ? `
### transformers.js

\`\`\`js
import { pipeline } from '@huggingface/transformers'

const classify = await pipeline('image-classification', '<user>/<name>')
console.log(await classify('photo.jpg', { top_k: 5 }))
\`\`\`

${onnxFiles(onnx)}
`
    : ''
}
### How images are cropped

These libraries are told: ${told}. ${
    departure
      ? `That is the nearest they can be told: the checkpoint was evaluated with ${departure}. Probabilities differ somewhat.`
      : 'It is what the checkpoint was evaluated with.'
  }${onnx ? ' transformers.js does not smooth where it shrinks an image, as Pillow and timm do, so large images come out somewhat different.' : ''}
`
}

/** What transformers.js calls the variants. */
const dtypes: Readonly<Record<OnnxVariant, string>> = { f32: 'fp32', fp16: 'fp16', q8: 'q8' }

/** What each model is, how far it is from the checkpoint's own network, and its errors where they were measured. */
function onnxFiles({ runtime, files }: ExportedOnnx): string {
  const measured = files[0]?.accuracy
  const labelled = measured?.top1Error !== undefined
  const line = ({ variant, bytes, difference, accuracy }: OnnxFile) =>
    row([
      dtypes[variant],
      formatBytes(bytes),
      difference.relative.toExponential(1),
      ...(measured ? [formatPercent(accuracy!.agreement)] : []),
      ...(labelled ? [formatPercent(accuracy!.top1Error!), formatPercent(accuracy!.top5Error!)] : []),
    ])
  const header = ['`dtype`', 'size', 'difference']
  if (measured) header.push('same class as fp32')
  if (labelled) header.push('top-1 error', 'top-5 error')
  return `${[row(header), row(header.map(() => '---')), ...files.map(line)].join('\n')}

The difference is the largest of a logit from the checkpoint's, over the largest logit, on three drawn images in ${runtime}${measured ? `; the rest was measured on ${formatCount(measured.images)} images with the checkpoint's own crop` : ''}. Without a \`dtype\` fp32 is loaded.`
}

function evaluation({ state, evaluations }: CardSubject): string {
  const percent = ([error, low, high]: EvaluationLine['top1']) =>
    `${error.toFixed(2)} % (${low.toFixed(2)} – ${high.toFixed(2)})`
  const table = [
    '| images | crops | precision | top-1 error (95 %) | top-5 error (95 %) | not readable |',
    '|---|---|---|---|---|---|',
    ...evaluations.map(({ images, count, bad, crops, precision, top1, top5 }) =>
      row([`${images}: ${formatCount(count)}`, crops, precision, percent(top1), percent(top5), formatCount(bad)]),
    ),
  ].join('\n')
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
  return `## Training

| setting | value |
|---|---|
${Object.entries(facts)
  .map(([name, value]) => row([name, typeof value === 'string' ? value : JSON.stringify(value)]))
  .join('\n')}
`
}

const row = (cells: readonly string[]): string =>
  `| ${cells.map(cell => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`

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

import { formatBytes, formatCount, formatPercent } from '../../base/format.js'
import type { CheckpointState } from '../../training/checkpoint-state.js'
import type { ExportedOnnx, OnnxFile } from '../onnx/export-onnx.js'
import type { OnnxVariant } from '../onnx/variants.js'
import { markdownTable } from './markdown-table.js'
import { centreCropOf } from './processor.js'

/** How timm loads the folder, and this program. @param network its name here */
export const timmUsage = (network: string): string => `### timm

\`\`\`python
import timm

model = timm.create_model('local-dir:.', pretrained=True).eval()  # or 'hf-hub:<user>/<name>'
transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model), is_training=False)
\`\`\`

### inception-resnet

\`\`\`sh
inception import model.safetensors --from timm --network ${network} --out ${network}.safetensors
\`\`\``

export const transformersUsage = (onnx: ExportedOnnx): string => `### transformers.js

\`\`\`js
import { pipeline } from '@huggingface/transformers'

const classify = await pipeline('image-classification', '<user>/<name>')
console.log(await classify('photo.jpg', { top_k: 5 }))
\`\`\`

${onnxFiles(onnx)}`

/** What transformers.js calls the variants. */
const dtypes: Readonly<Record<OnnxVariant, string>> = { f32: 'fp32', fp16: 'fp16', q8: 'q8' }

/** What each model is, how far it is from the checkpoint's own network, and its errors where they were measured. */
function onnxFiles({ runtime, files }: ExportedOnnx): string {
  const measured = files[0]?.accuracy
  const labelled = measured?.top1Error !== undefined
  const header = ['`dtype`', 'size', 'difference']
  if (measured) header.push('same class as fp32')
  if (labelled) header.push('top-1 error', 'top-5 error')
  const line = ({ variant, bytes, difference, accuracy }: OnnxFile) => [
    dtypes[variant],
    formatBytes(bytes),
    difference.relative.toExponential(1),
    // A folder is of a network with classes.
    ...(measured ? [formatPercent(accuracy!.agreement!)] : []),
    ...(labelled ? [formatPercent(accuracy!.top1Error!), formatPercent(accuracy!.top5Error!)] : []),
  ]
  const rest = measured ? `; the rest, on ${formatCount(measured.images)} images with the checkpoint's own crop` : ''
  return `${markdownTable(header, files.map(line))}

The difference is the largest of a logit from the checkpoint's, over the largest logit, on three drawn images in ${runtime}${rest}. Without a \`dtype\` fp32 is loaded.`
}

/** What the libraries are told of the crop, and how it differs from what the checkpoint was evaluated with. */
export function cropUsage(state: CheckpointState, { transformers }: { readonly transformers: boolean }): string {
  const { short, filter, departure } = centreCropOf(state)
  const { size } = state.model
  const truth = departure
    ? `That is the nearest they can be told: the checkpoint was evaluated with ${departure}. Probabilities differ somewhat.`
    : 'It is what the checkpoint was evaluated with.'
  const resizing = transformers
    ? ' transformers.js does not smooth where it shrinks an image, as Pillow and timm do, so large images come out somewhat different.'
    : ''
  return `### How images are cropped

These libraries are told: short side ${short}, ${filter}, centre ${size} × ${size}. ${truth}${resizing}`
}

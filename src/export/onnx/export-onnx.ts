import { existsSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import type { Backend } from '../../backends/backend.js'
import { UserError } from '../../base/error.js'
import type { ImageSet } from '../../data/class-folder.js'
import { averagesOf } from '../../evaluation/checkpoint-averages.js'
import { expectFilePlace, PendingFiles } from '../../formats/atomic-file.js'
import { checkModel } from '../../formats/onnx/check.js'
import type { OnnxModel } from '../../formats/onnx/model.js'
import { writeModel } from '../../formats/onnx/write.js'
import { networkOf } from '../../networks/model-spec.js'
import type { Checkpoint } from '../../training/checkpoint.js'
import { type CheckpointState, decodeState } from '../../training/checkpoint-state.js'
import { classOrder } from '../../training/class-order.js'
import { type Accuracy, measureAccuracy } from './accuracy.js'
import { calibrate, withOutputs } from './calibration.js'
import { onnxModelOf } from './checkpoint-model.js'
import { halved } from './half-precision.js'
import { pixelBatches } from './pixel-batches.js'
import { compare, type Difference, type Probe, probeOf } from './probe.js'
import { quantisable, quantised } from './quantisation.js'
import { loadOnnxRuntime, type OnnxRuntime, type OnnxSession } from './runtime.js'
import { type OnnxVariant, onnxVariants } from './variants.js'

/**
 * What stands behind the file's name, as transformers.js has it, and how far logits may be off, relative to the largest:
 * ten times what was measured of small networks, or more. A wrong padding or epsilon is above f32's bound, the order of a
 * sum far below it.
 */
const forms: Readonly<Record<OnnxVariant, { readonly suffix: string; readonly bound: number }>> = {
  f32: { suffix: '', bound: 1e-4 },
  fp16: { suffix: '_fp16', bound: 0.01 },
  q8: { suffix: '_quantized', bound: 0.2 },
}

export interface OnnxExportOptions {
  /** The file of the f32 variant; the others lie beside it. */
  readonly out: string
  /** What the model is compared with, in f32. */
  readonly backend: Backend
  /** Whether batch norms go into the weights of the convolutions before them; `q8` needs that. @default true */
  readonly foldNorm?: boolean
  /** Written besides f32. @default none */
  readonly variants?: readonly Exclude<OnnxVariant, 'f32'>[]
  /**
   * How far logits may be off, relative to the largest. The lesser variants have wider bounds of their own, which one that
   * is wider still replaces. @default 1e-4
   */
  readonly bound?: number | undefined
  /** Images that show the ranges of activations, which `q8` needs. */
  readonly calibration?: ImageSet | undefined
  /** Images that the variants' errors are measured on. @default none are; how far they agree, on the calibration's */
  readonly images?: ImageSet | undefined
  /** @default 'error' */
  readonly badImages?: 'error' | 'skip'
  /** Aborting ends the export at the next batch of images; nothing is written. */
  readonly signal?: AbortSignal
  /** Hears what is done next. */
  readonly progress?: (doing: string) => void
}

export interface OnnxFile {
  readonly variant: OnnxVariant
  readonly file: string
  readonly bytes: number
  /** Of the logits of drawn images, from ours in f32. */
  readonly difference: Difference
  readonly accuracy?: Accuracy
}

export interface ExportedOnnx {
  /** 'ONNX Runtime 1.30.0 (onnxruntime-node)' */
  readonly runtime: string
  readonly files: readonly OnnxFile[]
}

/** The file of a variant, beside that of f32. */
export function variantFile(out: string, variant: OnnxVariant): string {
  const { dir, name, ext } = path.parse(out)
  return path.join(dir, `${name}${forms[variant].suffix}${ext}`)
}

/**
 * Writes a checkpoint's network as ONNX, opset 17: `pixel_values` [batch, 3, size, size] → `logits` [batch, classes]. Every
 * file is held to ONNX's rules, run in ONNX Runtime on drawn images and compared with our logits before any takes its
 * name.
 *
 * Errors: `UserError` where logits are further off than the bound, and where images or files cannot be read or written;
 * nothing is then left behind.
 */
export async function exportOnnx(checkpoint: Checkpoint, options: OnnxExportOptions): Promise<ExportedOnnx> {
  const { out, backend, variants = [], foldNorm = true, calibration, images = calibration } = options
  expectPossible(checkpoint, options)
  const state = decodeState(checkpoint)
  const places =
    options.images && classOrder(checkpoint, options.images, 'give images of the classes it was trained on')
  using store = averagesOf(checkpoint, backend)
  using files = new PendingFiles()
  const probe = probeOf(state.model, backend, store)
  const runtime = await loadOnnxRuntime(backend.threads)
  const work: Work = { state, options, runtime }
  const model = onnxModelOf(checkpoint, store, foldNorm)
  const made: Record<OnnxVariant, () => OnnxModel | Promise<OnnxModel>> = {
    f32: () => model,
    fp16: () => halved(model),
    q8: () => quantise(model, calibration!, work),
  }
  const written: (Omit<OnnxFile, 'bytes'> & { readonly temporary: string })[] = []
  for (const variant of onnxVariants.filter(each => each === 'f32' || variants.includes(each))) {
    options.signal?.throwIfAborted()
    options.progress?.(`writing ${variant}`)
    const file = variantFile(out, variant)
    const content = await made[variant]()
    const temporary = files.write(file, output => writeModel(content, output))
    written.push({ variant, file, temporary, difference: await accept(variant, temporary, probe, work) })
  }
  const sources = written.map(({ temporary }) => temporary)
  const accuracies = images && (await measure(sources, images, places, work))
  files.place()
  return {
    runtime: runtime.title,
    files: written.map(({ temporary: _, ...file }, i) => ({
      ...file,
      bytes: statSync(file.file).size,
      ...(accuracies && { accuracy: accuracies[i]! }),
    })),
  }
}

/** What every part of an export needs. */
interface Work {
  readonly state: CheckpointState
  readonly options: OnnxExportOptions
  readonly runtime: OnnxRuntime
}

function expectPossible(
  checkpoint: Checkpoint,
  { out, variants = [], foldNorm, calibration }: OnnxExportOptions,
): void {
  if (existsSync(out) && realpathSync(out) === realpathSync(checkpoint.file))
    throw new UserError(`--out ${out} is the checkpoint to export: give another file`, 2)
  for (const variant of ['f32', ...variants] as const) expectFilePlace(variantFile(out, variant))
  if (!variants.includes('q8')) return
  if (foldNorm === false) throw new UserError('8 bits have no norms of their own: leave out q8 or --no-fold-norm', 2)
  if (!calibration)
    throw new UserError('q8 needs images that show the ranges of activations: give a folder of them (--calibrate)', 2)
}

/** Errors: `UserError` where the logits are further off than they may be. */
async function accept(
  variant: OnnxVariant,
  file: string,
  probe: Probe,
  { options, runtime }: Work,
): Promise<Difference> {
  await using session = await runtime.open(file)
  const difference = await compare(session, probe)
  const bound =
    variant === 'f32' ? (options.bound ?? forms.f32.bound) : Math.max(options.bound ?? 0, forms[variant].bound)
  if (difference.relative <= bound) return difference
  const [off, most] = [difference.relative, bound].map(share => share.toExponential(1))
  throw new UserError(
    `refused: logits of ${variant} in ${runtime.title} are off by ${off} of the largest, and the bound is ${most}; nothing was written: raise it (--bound) if that is near enough`,
  )
}

async function quantise(model: OnnxModel, calibration: ImageSet, work: Work): Promise<OnnxModel> {
  const { state, options, runtime } = work
  options.progress?.(`measuring activations on ${calibration.items.length} images`)
  const inFloat = untilFirstConvolution(model)
  const plan = quantisable(model, inFloat)
  // Never placed: it only has more outputs.
  using scratch = new PendingFiles()
  const measured = withOutputs(model, plan.measured, checkModel(model))
  const file = scratch.write(`${options.out}.calibration`, output => writeModel(measured, output))
  await using session = await runtime.open(file)
  const ranges = await calibrate(session, plan.measured, state.model.size, batchesOf(calibration, 1, work))
  return quantised(model, plan, ranges, inFloat)
}

/**
 * The nodes that see the image. Integer kernels are slower on its three channels (in BN-Inception's depthwise convolution
 * twice as slow as in f32), and 8 bits of the image or of the last layer cost no accuracy that could be measured.
 */
function untilFirstConvolution({ graph }: OnnxModel): ReadonlySet<string> {
  const first = graph.nodes.findIndex(({ opType }) => opType === 'Conv')
  return new Set(graph.nodes.slice(0, first + 1).map(({ name }) => name))
}

async function measure(
  sources: readonly string[],
  images: ImageSet,
  places: readonly number[] | undefined,
  work: Work,
): Promise<Accuracy[]> {
  const sessions: OnnxSession[] = []
  try {
    for (const source of sources) sessions.push(await work.runtime.open(source))
    work.options.progress?.(`running ${images.items.length} images`)
    const { model } = work.state
    const classifies = networkOf(model).embedding === undefined
    return await measureAccuracy({ sessions, size: model.size, images: batchesOf(images, 8, work), classifies, places })
  } finally {
    for (const session of sessions) await session[Symbol.asyncDispose]()
  }
}

const batchesOf = (images: ImageSet, batch: number, { state, options: { badImages = 'error', signal } }: Work) =>
  pixelBatches(images, state, { batch, badImages, signal })

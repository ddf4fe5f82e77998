import { EventFile } from '../../formats/event-file.js'
import type { Sink, TrainingEvent } from '../events.js'

export interface TensorboardOptions {
  /** Steps done before, when the run is resumed: TensorBoard drops the later ones of the run's earlier event files. */
  readonly firstStep?: number
  /** The clock, in seconds since 1970. */
  readonly now?: () => number
}

/** Curves for TensorBoard (`tensorboard --logdir FOLDER`), in a new event file in `folder`. */
export function tensorboardSink(
  folder: string,
  { firstStep = 0, now = () => Date.now() / 1000 }: TensorboardOptions = {},
): Sink {
  const file = new EventFile(folder, now())
  file.append({ wallTime: now(), step: firstStep + 1, sessionStart: true })
  return {
    write(event) {
      const scalars = scalarsOf(event)
      if (scalars !== undefined && 'step' in event) file.append({ wallTime: now(), step: event.step, scalars })
    },
    async close() {
      file.close()
    },
  }
}

function scalarsOf(event: TrainingEvent): Record<string, number> | undefined {
  if (event.type === 'step')
    return {
      'training/loss': event.loss,
      'training/learning_rate': event.learningRate,
      'training/gradient_norm': event.gradientNorm,
      'training/epoch': event.epoch,
      'speed/images_per_second': event.imagesPerSecond,
      'speed/wait_share': event.waitShare,
      ...(event.communicationShare !== undefined && { 'speed/communication_share': event.communicationShare }),
    }
  if (event.type === 'evaluation')
    return {
      [`${event.set}/top1_error`]: event.top1Error,
      [`${event.set}/top5_error`]: event.top5Error,
      [`${event.set}/loss`]: event.loss,
    }
  if (event.type === 'watch')
    return Object.fromEntries(
      event.blocks.flatMap(({ name, zeroShare, magnitude, residualRatio, gradientNorm }) => [
        [`zero_share/${name}`, zeroShare],
        [`magnitude/${name}`, magnitude],
        [`gradient_norm/${name}`, gradientNorm],
        ...(residualRatio > 0 ? [[`residual_ratio/${name}`, residualRatio]] : []),
      ]),
    )
  return undefined
}

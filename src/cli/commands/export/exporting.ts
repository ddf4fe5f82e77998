import { openBackend } from '../../../backends/open.js'
import { openEvaluationData } from '../../../data/sources/open.js'
import { openCalibration } from '../../../export/onnx/calibration.js'
import type { OnnxExportOptions } from '../../../export/onnx/export-onnx.js'
import { interruptSignal } from '../../interrupt.js'
import { ProgressLine } from '../../progress-line.js'
import { warn } from '../../warn.js'
import type { OnnxFlags } from './onnx-options.js'

/** Opens what the flags name, and tells on the terminal what is being done for as long as `write` takes. */
export async function exporting<T>(
  { bound, variants, calibrate, images, badImages, backend, threads }: OnnxFlags,
  write: (options: Omit<OnnxExportOptions, 'out'>) => Promise<T>,
): Promise<T> {
  const line = new ProgressLine(process.stderr)
  try {
    return await write({
      badImages,
      bound,
      ...(variants && { variants }),
      ...(calibrate !== undefined && { calibration: await openCalibration(calibrate) }),
      ...(images !== undefined && { images: await openEvaluationData(images) }),
      backend: openBackend(backend, warn, { threads, notify: warn }),
      signal: interruptSignal('stopping'),
      progress: doing => line.update(doing),
    })
  } finally {
    line.end()
  }
}

import { RandomStream } from '../../src/base/random.js'
import type { EpochResult, NetworkResult, StudyResult } from '../../src/study/result.js'

const images = 2000
const noise = new RandomStream(7, 'study-sample')

const count = (error: number): number => Math.round(Math.min(1, Math.max(0, error)) * images) / images

function curve(from: number, to: number, pace: number, secondsPerEpoch: number, epochs = 20): EpochResult[] {
  return Array.from({ length: epochs }, (_, i) => {
    const error = to + (from - to) * Math.exp(-(i + 1) / pace) + 0.006 * noise.normal()
    return {
      epoch: i + 1,
      seconds: (i + 1) * secondsPerEpoch,
      trainLoss: 3.1 * error + 0.2,
      top1Error: count(error),
      top5Error: count(error ** 2.4),
    }
  })
}

function network(
  id: string,
  title: string,
  rest: Pick<NetworkResult, 'residual' | 'pair' | 'parameters' | 'multiplyAdds'>,
  epochs: readonly EpochResult[],
): NetworkResult {
  const last = epochs.at(-1)!
  return {
    network: id,
    title,
    ...rest,
    width: 0.25,
    epochs,
    final: { top1Error: last.top1Error!, top5Error: last.top5Error!, images },
    stepMilliseconds: last.seconds * 1.9,
    imagesPerSecond: 20000 / last.seconds,
    memoryBytes: rest.parameters * 190,
    dataWaitShare: 0.013,
    checkpoint: `runs/study/${id}/checkpoints/20`,
  }
}

const residualV2 = network(
  'inception-resnet-v2',
  'Inception-ResNet-v2',
  { residual: true, pair: 'larger', parameters: 2_063_412, multiplyAdds: 129_300_416 },
  curve(0.93, 0.209, 3.2, 19.2),
)

/** Twenty epochs of four networks on 2,000 validation images: a study that went to its end. */
export const sample: StudyResult = {
  preset: 'quick',
  startedAt: '2025-03-04T09:12:00.000Z',
  seconds: 1411,
  command: 'inception reproduce --preset quick --seed 1 --out runs/study',
  evaluation: 'single centre crop, running-average weights',
  dataSet: {
    name: 'synthetic shapes',
    classes: 20,
    trainImages: 8000,
    valImages: images,
    size: 96,
    synthetic: true,
    badImages: 0,
  },
  machine: {
    processor: 'Intel Xeon (Sapphire Rapids), AMX',
    cores: 2,
    memoryBytes: 16 * 2 ** 30,
    node: 'v20.20.0',
    engine: 'oneDNN 2.6.3, bf16',
    platform: 'linux x64',
  },
  recipe: [
    { key: 'optimizer', value: 'RMSProp, decay 0.9, ε 1.0' },
    {
      key: 'learning rate',
      value: '0.045, ×0.94 every 0.4 epochs',
      note: 'The paper: every two epochs. The run is shorter.',
    },
    { key: 'batch', value: '32', note: 'The paper does not say.' },
    { key: 'width', value: '0.25', note: 'The paper: 1. A quarter of the channels keeps the study to minutes.' },
    { key: 'seed', value: '1' },
  ],
  networks: [
    network(
      'inception-v3',
      'Inception-v3',
      { residual: false, pair: 'smaller', parameters: 1_512_872, multiplyAdds: 80_440_192 },
      curve(0.97, 0.262, 5.4, 12.4),
    ),
    network(
      'inception-resnet-v1',
      'Inception-ResNet-v1',
      { residual: true, pair: 'smaller', parameters: 1_446_080, multiplyAdds: 88_022_528 },
      curve(0.94, 0.257, 3.3, 14.1),
    ),
    network(
      'inception-v4',
      'Inception-v4',
      { residual: false, pair: 'larger', parameters: 2_712_904, multiplyAdds: 168_702_976 },
      curve(0.97, 0.213, 5, 22.8),
    ),
    residualV2,
  ],
  ensembles: [
    { members: ['inception-v4', 'inception-resnet-v2'], top1Error: 0.1945, top5Error: 0.0155, images },
    {
      members: ['inception-v3', 'inception-resnet-v1', 'inception-v4', 'inception-resnet-v2'],
      top1Error: 0.176,
      top5Error: 0.0125,
      images,
    },
  ],
  paired: [
    {
      first: 'inception-v3 + inception-resnet-v1 + inception-v4 + inception-resnet-v2',
      second: 'inception-resnet-v2',
      images,
      bothWrong: 318,
      onlyFirstWrong: 352 - 318,
      onlySecondWrong: Math.round(residualV2.final!.top1Error * images) - 318,
    },
  ],
}

/** `sample` with one network's fields replaced. */
export const withNetwork = (id: string, change: Partial<NetworkResult>): StudyResult => ({
  ...sample,
  networks: sample.networks.map(n => (n.network === id ? { ...n, ...change } : n)),
})

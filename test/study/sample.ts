import { RandomStream } from '../../src/base/random.js'
import {
  type Confusion,
  type EnsembleMember,
  type EpochResult,
  type Footprint,
  type NetworkResult,
  type PairedErrors,
  type RunResult,
  type Sample,
  type StudyResult,
  subjectId,
} from '../../src/study/result.js'
import { sampleInstability } from './sample-instability.js'
import { pictureOf } from './sample-picture.js'

const images = 2000
const noise = new RandomStream(7, 'study-sample')

/** A text that must never act in a page, a Markdown file or a spreadsheet. */
export const hostile = `<script>alert("1")</script>&'|\`*_[x](y)`

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

/** How much more crops lower the error. */
const gains: Readonly<Record<string, number>> = { '1': 1, '10': 0.95, '12': 0.945, '144': 0.9, dense: 0.91 }

export function run(
  network: string,
  seed: number,
  epochs: readonly EpochResult[],
  protocols: readonly string[],
): RunResult {
  const { seconds, top1Error, top5Error } = epochs.at(-1)!
  const errors = protocols.map(id => {
    const gain = gains[id]!
    return [id, { top1Error: count(gain * top1Error!), top5Error: count(gain * top5Error!), images }] as const
  })
  const folder = `runs/study/${network}/seed-${seed}`
  return {
    seed,
    epochs,
    errors: Object.fromEntries(errors),
    stepMilliseconds: seconds * 1.9,
    imagesPerSecond: 20000 / seconds,
    memoryBytes: 300 * 2 ** 20 + seconds * 2 ** 20,
    dataWaitShare: 0.013,
    checkpoint: `${folder}/checkpoints/step-00005000.safetensors`,
    commands: [
      `npx inception train --network ${network} --width 0.25 --data runs/study/data --seed ${seed} --out ${folder}`,
      `npx inception evaluate ${folder} --data runs/study/data`,
    ],
  }
}

function network(
  id: string,
  title: string,
  rest: Pick<NetworkResult, 'residual' | 'role' | 'parameters' | 'multiplyAdds'>,
  seeds: readonly (readonly EpochResult[])[],
  protocols: readonly string[] = ['1', '12', '144'],
): NetworkResult {
  return {
    network: id,
    title,
    ...rest,
    width: 0.25,
    runs: seeds.map((epochs, i) => run(id, i + 1, epochs, protocols)),
  }
}

const threeSeeds = (from: number, to: number, pace: number, secondsPerEpoch: number) =>
  [0, 0.006, -0.005].map(luck => curve(from, to + luck, pace, secondsPerEpoch))

const networks: readonly NetworkResult[] = [
  network(
    'inception-v3',
    'Inception-v3',
    { residual: false, role: 'smaller', parameters: 1_512_872, multiplyAdds: 80_440_192 },
    threeSeeds(0.97, 0.262, 5.4, 12.4),
  ),
  network(
    'inception-resnet-v1',
    'Inception-ResNet-v1',
    { residual: true, role: 'smaller', parameters: 1_446_080, multiplyAdds: 88_022_528 },
    threeSeeds(0.94, 0.257, 3.3, 14.1),
  ),
  network(
    'inception-v4',
    'Inception-v4',
    { residual: false, role: 'larger', parameters: 2_712_904, multiplyAdds: 168_702_976 },
    threeSeeds(0.97, 0.213, 5, 22.8),
  ),
  network(
    'inception-resnet-v2',
    'Inception-ResNet-v2',
    { residual: true, role: 'larger', parameters: 2_063_412, multiplyAdds: 129_300_416 },
    threeSeeds(0.93, 0.209, 3.2, 19.2),
  ),
  network(
    'bn-inception',
    'BN-Inception',
    { residual: false, role: 'comparator', parameters: 712_904, multiplyAdds: 30_702_976 },
    [curve(0.97, 0.312, 5.8, 7.1)],
    ['1'],
  ),
  network(
    'resnet-152',
    'ResNet-152',
    { residual: true, role: 'comparator', parameters: 3_812_904, multiplyAdds: 190_702_976 },
    [curve(0.95, 0.271, 4.1, 31.4)],
    ['1', '10', 'dense'],
  ),
]

const member = (id: string, seed = 1): EnsembleMember => ({ network: id, seed })
const four = [
  member('inception-v4'),
  member('inception-resnet-v2', 1),
  member('inception-resnet-v2', 2),
  member('inception-resnet-v2', 3),
]
const bestMember = four
  .map(each => ({
    each,
    error: networks.find(n => n.network === each.network)!.runs[each.seed - 1]!.errors['144']!.top1Error,
  }))
  .reduce((best, other) => (other.error < best.error ? other : best))

const paired: readonly PairedErrors[] = [
  {
    protocol: '144',
    first: subjectId(four),
    second: subjectId(bestMember.each),
    images,
    difference: 0.148 - bestMember.error,
    deviation: 0.24,
  },
]

const footprint = (id: string, title: string, parameters: number, multiplyAdds: number, ms: number): Footprint => ({
  network: id,
  title,
  parameters,
  multiplyAdds,
  stepMilliseconds: ms,
  plannedBytes: 60 * parameters + 2 ** 31,
  measuredBytes: 61 * parameters + 2 ** 31,
})
const heavier = (f: Footprint): Footprint => ({
  ...f,
  stepMilliseconds: f.stepMilliseconds * 1.071,
  plannedBytes: f.plannedBytes * 1.13,
  measuredBytes: Math.round(f.measuredBytes * 1.128),
})
const footprints = [
  footprint('inception-v3', 'Inception-v3', 23_834_568, 5_713_216_096, 1830),
  footprint('inception-resnet-v1', 'Inception-ResNet-v1', 21_484_952, 6_403_216_096, 2104),
  footprint('inception-v4', 'Inception-v4', 42_679_816, 12_253_216_096, 4012),
  footprint('inception-resnet-v2', 'Inception-ResNet-v2', 32_400_000, 11_103_216_096, 3620),
]

const shapes = ['circle', 'square', 'triangle', 'star', 'ring', 'cross', 'hexagon', 'spiral', 'arrow']
const names = [
  ...shapes.flatMap(shape => [`plain ${shape}`, `striped ${shape}`]),
  'a class with a very long name',
  hostile,
]

const samples: readonly Sample[] = [0, 3, 7, 12, 18, 19].map((label, i) => ({
  picture: pictureOf(40 + 30 * i, 150 - 18 * i, 60 + 25 * ((i * 2) % 5)),
  name: `val/${names[label]}/${String(i * 71).padStart(5, '0')}.jpg`,
  label: names[label]!,
  predictions: networks.slice(0, 4).map((n, k) => {
    const right = (i + k) % 4 !== 1
    const best = right ? label : (label + 5) % names.length
    return {
      network: n.network,
      best: [best, (best + 1) % names.length, (best + 2) % names.length].map((at, place) => ({
        label: names[at]!,
        probability: [0.81 - 0.07 * k, 0.09, 0.03][place]!,
      })),
    }
  }),
}))

const confusionOf = (id: string, classes: readonly string[]): Confusion => {
  const counts = classes.map((_, i) =>
    classes.map((_, j) => (i === j ? 76 + (i % 7) : (i + 1) % classes.length === j ? 13 : (i * 3) % 19 === j ? 4 : 0)),
  )
  return {
    network: id,
    classes,
    counts: classes.length > 50 ? [] : counts,
    pairs: [0, 1, 2, classes.length - 1].map((i, k) => ({
      label: classes[i]!,
      predicted: classes[(i + 1) % classes.length]!,
      images: 13 - k,
    })),
  }
}

/** Four networks with three seeds and two comparators on 2,000 validation images: a study that went to its end. */
export const sample: StudyResult = {
  preset: 'paper-small',
  startedAt: '2025-03-04T09:12:00.000Z',
  seconds: 5411,
  command: 'npx inception reproduce --preset paper-small --out runs/study',
  dataSet: {
    name: 'synthetic shapes',
    classes: 20,
    trainImages: 8000,
    valImages: images,
    size: 96,
    synthetic: true,
    imagenet: false,
    badImages: 0,
  },
  machine: {
    processor: 'Intel Xeon (Sapphire Rapids), AMX',
    cores: 2,
    memoryBytes: 16 * 2 ** 30,
    node: 'v20.20.0',
    engine: 'oneDNN 2.6.3, bf16',
    platform: 'linux x64',
    version: '0.1.0',
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
  networks,
  protocols: [
    { id: '1', title: '1 crop', description: 'the central 87.5 % of the image, resized to the input', images },
    { id: '10', title: '10 crops', description: 'four corners and the centre at one scale, each mirrored', images },
    {
      id: '12',
      title: '12 crops',
      description: 'four corners, the centre and the whole central square at one scale, each mirrored',
      images,
    },
    {
      id: '144',
      title: '144 crops',
      description: 'shorter side 342, 384, 427 and 470 scaled to the input, three squares of each, six crops, mirrored',
      images,
    },
    { id: 'dense', title: 'dense', description: 'fully convolutional at five scales', images },
  ],
  ensembles: [
    {
      members: [member('inception-v4'), member('inception-resnet-v2')],
      protocol: '1',
      errors: { top1Error: 0.1945, top5Error: 0.0155, images },
    },
    { members: four, protocol: '144', errors: { top1Error: 0.148, top5Error: 0.0125, images } },
  ],
  paired,
  instability: sampleInstability,
  footprint: {
    size: 299,
    batch: 8,
    threads: 2,
    networks: footprints,
    withSumNorms: footprints.filter(f => f.network.includes('resnet')).map(heavier),
  },
  samples,
  confusions: [confusionOf('inception-v3', names), confusionOf('inception-resnet-v2', names)],
}

/** `sample` with the first seed of each network alone. */
export const oneSeed: StudyResult = {
  ...sample,
  networks: sample.networks.map(n => ({ ...n, runs: n.runs.slice(0, 1) })),
}

const { instability: _, footprint: __, ...curvesOnly } = sample

/** A study that was stopped while its third network trained. */
export const interrupted: StudyResult = {
  ...curvesOnly,
  interrupted: 'stopped by the user after 2 of 4 networks',
  networks: sample.networks.slice(0, 3).map((n, i) =>
    i < 2
      ? n
      : {
          ...n,
          runs: [
            {
              seed: 1,
              epochs: [],
              errors: {},
              stepMilliseconds: null,
              imagesPerSecond: null,
              memoryBytes: null,
              dataWaitShare: null,
              checkpoint: null,
              commands: [],
              note: 'training stopped in its first epoch',
            },
          ],
        },
  ),
  ensembles: [],
  paired: [],
  samples: [],
  confusions: [],
}

/** A study that was stopped before its first network. */
export const empty: StudyResult = {
  ...interrupted,
  interrupted: 'stopped by the user after 0 of 4 networks',
  networks: [],
  protocols: [],
  recipe: [],
}

const thousand = Array.from({ length: 1000 }, (_, i) => `n${String(i).padStart(8, '0')}`)

/** A study of a thousand classes, on ImageNet. */
export const thousandClasses: StudyResult = {
  ...sample,
  dataSet: { ...sample.dataSet, name: 'ILSVRC-2012', classes: 1000, synthetic: false, imagenet: true },
  confusions: [confusionOf('inception-v3', thousand)],
}

/** `result` with one network's fields replaced. */
export const withNetwork = (id: string, change: Partial<NetworkResult>, result = sample): StudyResult => ({
  ...result,
  networks: result.networks.map(n => (n.network === id ? { ...n, ...change } : n)),
})

/** `result` with fields of every run of one network replaced. */
export const withRuns = (id: string, change: Partial<RunResult>, result = sample): StudyResult => ({
  ...result,
  networks: result.networks.map(n =>
    n.network === id ? { ...n, runs: n.runs.map(each => ({ ...each, ...change })) } : n,
  ),
})

const evil = `${hostile}\u0000`

/** The sample with a hostile text wherever text comes from outside. */
export const poisoned: StudyResult = {
  ...withRuns(
    'inception-v3',
    { note: evil, checkpoint: evil, commands: [evil] },
    withNetwork('inception-v3', { title: evil }),
  ),
  preset: evil,
  startedAt: evil,
  command: evil,
  interrupted: evil,
  dataSet: { ...sample.dataSet, name: evil, path: evil },
  machine: { ...sample.machine, processor: evil, engine: evil, node: evil, platform: evil, version: evil },
  recipe: [{ key: evil, value: evil, note: evil }],
  protocols: sample.protocols.map(p => ({ ...p, title: evil, description: evil })),
  instability: { ...sample.instability!, title: evil, model: evil },
}

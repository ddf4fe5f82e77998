/**
 * The paper's own numbers, all of ImageNet (ILSVRC-2012 validation), errors as fractions. Table numbers are those of the
 * AAAI-17 version; the arXiv version counts one higher, its table 1 being filter counts.
 */
export interface PublishedErrors {
  /** Absent where the paper does not give it. */
  readonly top1?: number
  readonly top5: number
}

/** One of the paper's tables 1 to 3, and the protocols it reports. */
export interface PublishedTable {
  readonly number: number
  readonly protocols: readonly string[]
  /** What was evaluated, and where in the paper it stands. */
  readonly source: string
  /** By network, with the protocol where the table has several. */
  readonly rows: readonly (PublishedErrors & {
    readonly network: string
    readonly title: string
    readonly protocol: string
  })[]
  /** What has to be known about a row. */
  readonly notes: readonly string[]
}

const v3 = { network: 'inception-v3', title: 'Inception-v3' } as const
const v4 = { network: 'inception-v4', title: 'Inception-v4' } as const
const residualV1 = { network: 'inception-resnet-v1', title: 'Inception-ResNet-v1' } as const
const residualV2 = { network: 'inception-resnet-v2', title: 'Inception-ResNet-v2' } as const
const resnet = { network: 'resnet-152', title: 'ResNet-152' } as const

export const publishedTables: readonly PublishedTable[] = [
  {
    number: 1,
    protocols: ['1'],
    source: '48,238 images, the validation set without the “blacklist” (AAAI table 1, arXiv table 2)',
    rows: [
      { network: 'bn-inception', title: 'BN-Inception', protocol: '1', top1: 0.252, top5: 0.078 },
      { ...v3, protocol: '1', top1: 0.212, top5: 0.056 },
      { ...residualV1, protocol: '1', top1: 0.213, top5: 0.055 },
      { ...v4, protocol: '1', top1: 0.2, top5: 0.05 },
      { ...residualV2, protocol: '1', top1: 0.199, top5: 0.049 },
    ],
    notes: [],
  },
  {
    number: 2,
    protocols: ['10', '12'],
    source: '50,000 images, 12 crops, ResNet-152 10 crops (AAAI table 2, arXiv table 3)',
    rows: [
      { ...resnet, protocol: '10', top1: 0.214, top5: 0.057 },
      { ...v3, protocol: '12', top1: 0.198, top5: 0.046 },
      { ...residualV1, protocol: '12', top1: 0.198, top5: 0.046 },
      { ...v4, protocol: '12', top1: 0.187, top5: 0.042 },
      { ...residualV2, protocol: '12', top1: 0.187, top5: 0.041 },
    ],
    notes: [
      'ResNet-152, which the paper calls ResNet-151: the AAAI version prints 25.2 / 7.8 %, a copy of BN-Inception’s single-crop row; here stands the arXiv version’s 21.4 / 5.7 %, which agrees with He et al. (21.43 / 5.71 %).',
      'Inception-v3: the paper that introduced it reports 19.47 / 4.48 % with 12 crops, on 48,238 images.',
    ],
  },
  {
    number: 3,
    protocols: ['144', 'dense'],
    source: '50,000 images, 144 crops, ResNet-152 dense (AAAI table 3, arXiv table 4)',
    rows: [
      { ...resnet, protocol: 'dense', top1: 0.194, top5: 0.045 },
      { ...v3, protocol: '144', top1: 0.189, top5: 0.043 },
      { ...residualV1, protocol: '144', top1: 0.188, top5: 0.043 },
      { ...v4, protocol: '144', top1: 0.177, top5: 0.038 },
      { ...residualV2, protocol: '144', top1: 0.178, top5: 0.037 },
    ],
    notes: ['Inception-v3: the paper that introduced it reports 18.77 / 4.2 % with 144 crops, on 48,238 images.'],
  },
]

/** An ensemble of the paper's table 4; `members` is the network of each. */
export interface PublishedEnsemble extends PublishedErrors {
  readonly title: string
  readonly members: readonly string[]
  readonly note?: string
}

/** 144 crops (ResNet-152: dense), 50,000 images: AAAI table 4, arXiv table 5. */
export const publishedEnsembles: readonly PublishedEnsemble[] = [
  { title: '6 × ResNet-152', members: Array<string>(6).fill('resnet-152'), top5: 0.036 },
  { title: '4 × Inception-v3', members: Array<string>(4).fill('inception-v3'), top1: 0.173, top5: 0.036 },
  {
    title: 'Inception-v4 + 3 × Inception-ResNet-v2',
    members: ['inception-v4', ...Array<string>(3).fill('inception-resnet-v2')],
    top1: 0.164,
    top5: 0.031,
    note: 'The AAAI version prints 16.4 % top-1, the arXiv version 16.5 %; both print 3.1 % top-5 (3.08 % on the test set).',
  },
]

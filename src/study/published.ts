/**
 * The paper's own numbers, all of ImageNet (ILSVRC-2012 validation), errors as fractions. Table numbers are those of the
 * AAAI-17 version; the arXiv version counts one higher, its table 1 being filter counts.
 */
export interface PublishedErrors {
  readonly top1: number
  readonly top5: number
}

/** Single crop, 48,238 images (the validation set without the "blacklist"): AAAI table 1, arXiv table 2. */
export const singleCrop: Readonly<Record<string, PublishedErrors>> = {
  'inception-v3': { top1: 0.212, top5: 0.056 },
  'inception-resnet-v1': { top1: 0.213, top5: 0.055 },
  'inception-v4': { top1: 0.2, top5: 0.05 },
  'inception-resnet-v2': { top1: 0.199, top5: 0.049 },
}

/** 144 crops, 50,000 images: AAAI table 3, arXiv table 4. */
export const manyCrops: Readonly<Record<string, PublishedErrors>> = {
  'inception-v3': { top1: 0.189, top5: 0.043 },
  'inception-resnet-v1': { top1: 0.188, top5: 0.043 },
  'inception-v4': { top1: 0.177, top5: 0.038 },
  'inception-resnet-v2': { top1: 0.178, top5: 0.037 },
}

/** Ensembles, 144 crops, 50,000 images: AAAI table 4, arXiv table 5. */
export const publishedEnsembles: readonly (PublishedErrors & { readonly title: string; readonly note?: string })[] = [
  { title: '4 × Inception-v3', top1: 0.173, top5: 0.036 },
  {
    title: 'Inception-v4 + 3 × Inception-ResNet-v2',
    top1: 0.164,
    top5: 0.031,
    note: 'The AAAI version prints 16.4 % top-1, the arXiv version 16.5 %; both print 3.1 % top-5 (3.08 % on the test set).',
  },
]

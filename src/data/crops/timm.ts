import { type CropProtocol, defaultFraction, type Extent, type View } from './protocol.js'

/** timm's evaluation: torchvision's `Resize` of the short side to ⌊size / fraction⌋, then its `CenterCrop`. */
export const timm = {
  id: 'timm',
  title: 'single crop (timm)',
  resampling: 'bicubic',
  count: 1,
  scales: 1,
  views(image, size, { fraction = defaultFraction } = {}) {
    return [centreOf(image, Math.floor(size / fraction), size)]
  },
  describe(size, { fraction = defaultFraction } = {}) {
    const short = Math.floor(size / fraction)
    return `short side ${short}, long side cut to whole pixels, centre ${size} × ${size}; bicubic as Pillow`
  },
} as const satisfies CropProtocol

/** torchvision's `Resize` of the short side, then its `CenterCrop`. */
export function centreOf(image: Extent, short: number, size: number): View {
  const resized = withShortSide(image, short)
  const x = roundHalfEven((resized.width - size) / 2)
  const y = roundHalfEven((resized.height - size) / 2)
  return { resized, from: { x, y, width: size, height: size }, mirrored: false }
}

function withShortSide({ width, height }: Extent, short: number): Extent {
  return width <= height
    ? { width: short, height: Math.floor((short * height) / width) }
    : { width: Math.floor((short * width) / height), height: short }
}

/** Python's `round` of a multiple of ½ that is not negative. */
function roundHalfEven(value: number): number {
  const down = Math.floor(value)
  return value > down && down % 2 === 1 ? down + 1 : down
}

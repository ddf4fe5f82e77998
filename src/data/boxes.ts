/** Bounding boxes of what an image shows: [n, 4] as top, left, bottom, right in shares of its height and width. */
export type Boxes = readonly number[]

/**
 * A list of boxes from their sides, as ImageNet's scripts clean them: held within the image, sides that are swapped put
 * right, boxes without an area left out (tensorflow/models, research/slim/datasets/process_bounding_boxes.py).
 */
export function boxesOf(sides: Iterable<readonly [top: number, left: number, bottom: number, right: number]>): Boxes {
  const boxes: number[] = []
  for (const [top, left, bottom, right] of sides) {
    const [y0, x0, y1, x1] = [top, left, bottom, right].map(side => Math.min(Math.max(side, 0), 1)) as typeof noBox
    const box = [Math.min(y0, y1), Math.min(x0, x1), Math.max(y0, y1), Math.max(x0, x1)] as const
    if (box[2] > box[0] && box[3] > box[1]) boxes.push(...box)
  }
  return boxes
}

const noBox: [number, number, number, number] = [0, 0, 0, 0]

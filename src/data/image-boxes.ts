/** Bounding boxes of what an image shows: [n, 4] as left, top, right, bottom in shares of its width and height. */
export type ImageBoxes = readonly number[]

type Sides = readonly [left: number, top: number, right: number, bottom: number]

/**
 * A list of boxes from their sides, as ImageNet's scripts clean them: held within the image, sides that are swapped put
 * right, boxes without an area left out (tensorflow/models, research/slim/datasets/process_bounding_boxes.py).
 */
export function imageBoxesOf(boxes: Iterable<Sides>): ImageBoxes {
  const kept: number[] = []
  for (const sides of boxes) {
    const [x0, y0, x1, y1] = sides.map(side => Math.min(Math.max(side, 0), 1)) as unknown as Sides
    const box = [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)] as const
    if (box[2] > box[0] && box[3] > box[1]) kept.push(...box)
  }
  return kept
}

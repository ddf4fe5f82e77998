import path from 'node:path'
import { nearest, UserError } from '../../../base/error.js'
import { BadImage } from '../../../data/bad-image.js'
import { labelOf } from '../../../data/imagenet-classes.js'
import { badImageError } from '../../../data/loader.js'
import { writeAtomically } from '../../../formats/atomic-file.js'
import type { Classifier } from '../../../prediction/classifier.js'
import { GradCam } from '../../../prediction/grad-cam.js'
import { drawHeatMap } from '../../../prediction/heat-map.js'
import { decodeInput } from '../../../prediction/image-input.js'
import type { NamedImage } from './inputs.js'

/** Draws what speaks for a class, a picture an image, into a folder. */
export class HeatMaps implements Disposable {
  readonly #folder: string
  readonly #gradCam: GradCam
  readonly #taken = new Map<string, number>()

  constructor(classifier: Classifier, folder: string) {
    this.#gradCam = new GradCam(classifier)
    this.#folder = folder
  }

  /** Returns the picture's path. Errors: UserError when it cannot be written. */
  async draw({ name, input }: NamedImage, classIndex: number): Promise<string> {
    const image = await decodeInput(input).catch((error: unknown) => {
      // It was sound when it was predicted.
      throw error instanceof BadImage ? badImageError(name, error.message) : error
    })
    const picture = await drawHeatMap(image, this.#gradCam.explain(image, classIndex))
    const file = path.join(this.#folder, this.#nameFor(name))
    writeAtomically(file, out => out.append(picture))
    return file
  }

  /** photos/cat.jpg → cat-heat.png; of the next cat in another folder cat-heat-2.png, whatever its letters' case. */
  #nameFor(name: string): string {
    const stem = name === '-' ? 'stdin' : path.parse(name).name
    const key = stem.toLowerCase()
    const nth = (this.#taken.get(key) ?? 0) + 1
    this.#taken.set(key, nth)
    return `${stem}-heat${nth > 1 ? `-${nth}` : ''}.png`
  }

  [Symbol.dispose](): void {
    this.#gradCam[Symbol.dispose]()
  }
}

/**
 * The place of a class by its name or by what people call it. Errors: UserError that names the nearest one, or those that
 * people call alike.
 */
export function placeOfClass(name: string, classNames: readonly string[]): number {
  const place = classNames.indexOf(name)
  if (place >= 0) return place
  const [first, ...others] = classNames.filter(known => labelOf(known) === name)
  if (others.length > 0)
    throw new UserError(
      `the classes ${[first, ...others].join(' and ')} are both called '${name}': give one of these`,
      2,
    )
  if (first !== undefined) return classNames.indexOf(first)
  const close = nearest(name, [...new Set(classNames.flatMap(known => [known, labelOf(known)]))])
  const hint =
    close === undefined ? `it has ${classNames.length}, such as '${classNames[0]}'` : `did you mean '${close}'?`
  throw new UserError(`the checkpoint has no class '${name}': ${hint}`, 2)
}

import { formatPercent } from '../../../base/format.js'
import { printable } from '../../../training/sinks/terminal.js'

/** A class of an image. */
export interface RankedClass {
  /** What people call it. */
  readonly label: string
  /** Its probability. */
  readonly score: number
  /** Its name in the checkpoint. */
  readonly class: string
}

/** What is told of an image; what was not asked for is undefined. */
export interface ImageReport {
  readonly image: string
  readonly top?: readonly RankedClass[] | undefined
  readonly logits?: readonly number[] | undefined
  /** Its row in the file of features, from 0. */
  readonly row?: number | undefined
  /** The picture of what speaks for `explained`. */
  readonly heatMap?: string | undefined
  readonly explained?: string | undefined
}

/** An image that was left out, and why. */
export interface LeftOut {
  readonly image: string
  readonly error: string
}

/** Tells of images as they come, and holds none. */
export interface Printing {
  /** An image that was predicted, or left out. */
  tell(report: ImageReport | LeftOut): void
  /** After the last image. */
  end(): void
}

export const printings = {
  /** An array with one object a line. */
  json(write: (text: string) => void): Printing {
    let begun = false
    return {
      tell(report) {
        write(`${begun ? ',\n' : '[\n'}${JSON.stringify(report)}`)
        begun = true
      },
      end: () => write(begun ? '\n]\n' : '[]\n'),
    }
  },

  /** A paragraph an image, for a person. */
  terminal(write: (text: string) => void): Printing {
    return {
      tell(report) {
        if ('error' in report) return
        const { image, top = [], logits, row, heatMap, explained } = report
        const labels = top.map(({ label }) => printable(label))
        const widest = Math.max(0, ...labels.map(label => label.length))
        const rank = (place: number) => String(place + 1).padStart(String(top.length).length)
        const lines = top.map(
          ({ score }, i) => `  ${rank(i)}  ${labels[i]!.padEnd(widest)}  ${formatPercent(score).padStart(7)}`,
        )
        if (row !== undefined) lines.push(`  row ${row} of the features`)
        if (heatMap !== undefined) lines.push(`  ${printable(`${heatMap}: what speaks for ${explained}`)}`)
        if (logits) lines.push(`  logits ${logits.join(' ')}`)
        write(`${printable(image)}\n${lines.join('\n')}\n`)
      },
      end() {},
    }
  },

  /** A line a class, its fields parted by tabs, for other programs: image, rank, probability, label. */
  lines(write: (text: string) => void): Printing {
    return {
      tell(report) {
        if ('error' in report) return
        const { image, top, logits, row } = report
        const line = (...fields: readonly (string | number)[]) =>
          `${fields.map(field => printable(String(field))).join('\t')}\n`
        if (top) write(top.map(({ label, score }, i) => line(image, i + 1, score, label)).join(''))
        else write(line(image, row!))
        if (logits) write(line(image, 'logits', ...logits))
      },
      end() {},
    }
  },
} as const

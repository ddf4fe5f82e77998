import { formatCount, formatPercent } from '../../base/format.js'
import type { BlockSight, LoggedEvent } from '../../training/events.js'
import type { Chart } from '../report/chart.js'
import type { Figure } from '../report/figure.js'
import { styleAt } from '../report/palette.js'
import { measured, missing, type Table } from '../report/table.js'

type Sight = Extract<LoggedEvent, { type: 'watch' }>

const sightsOf = (events: readonly LoggedEvent[]): Sight[] => events.filter(event => event.type === 'watch')

/** How zeros and magnitudes of a run's stages went, by step; undefined where nobody looked. */
export function watchFigure(events: readonly LoggedEvent[]): Figure | undefined {
  const sights = sightsOf(events)
  const last = sights.at(-1)
  if (!last) return undefined
  const ends = stageEnds(last.blocks)
  const chart = (id: string, title: string, y: Chart['y'], of: (block: BlockSight) => number): Chart => ({
    id,
    title,
    description: `At ${formatCount(sights.length)} looks, the last after step ${formatCount(last.step)}`,
    x: { label: 'step', unit: 'step', whole: true, from: 0 },
    y,
    series: ends.map((name, i) => ({
      label: name,
      short: name,
      style: styleAt(i),
      points: sights.flatMap(({ step, blocks }) => {
        const block = blocks.find(each => each.name === name)
        return block ? [{ x: step, y: of(block) }] : []
      }),
    })),
  })
  return {
    id: 'blocks-figure',
    title: 'What the blocks gave',
    caption:
      'The last block of each stage. A network whose last layer before pooling gives nothing but zeros has died (arXiv:1602.07261 §3.3).',
    charts: [
      chart(
        'zeros-by-step',
        'Zeros, by step',
        { label: 'share of zeros', scale: 'percent', range: [0, 1] },
        b => b.zeroShare,
      ),
      chart('magnitude-by-step', 'Magnitude, by step', { label: 'root mean square', scale: 'log' }, b => b.magnitude),
    ],
  }
}

/** Every block at the last look. */
export function watchTable(events: readonly LoggedEvent[]): Table | undefined {
  const last = sightsOf(events).at(-1)
  return (
    last && {
      id: 'blocks',
      caption: `Every block after step ${formatCount(last.step)}`,
      header: ['Block', 'Zeros', 'Magnitude', 'Residual, relative', 'Gradient norm'],
      rows: last.blocks.map(({ name, zeroShare, magnitude, residualRatio, gradientNorm }) => [
        name,
        measured(zeroShare, formatPercent),
        measured(magnitude, short),
        residualRatio > 0 ? measured(residualRatio, short) : missing,
        measured(gradientNorm, short),
      ]),
      notes: ['The residual is scaled, and relative to the magnitude of what it is added to.'],
    }
  )
}

const short = (value: number): string => value.toPrecision(3)

/** The last block of every stage, such as 'resnet_a.4'; stages of one block by themselves. At most eight. */
function stageEnds(blocks: readonly BlockSight[]): string[] {
  const stage = (name: string) => name.split('.')[0]!
  return blocks
    .filter(({ name }, i) => blocks[i + 1] === undefined || stage(blocks[i + 1]!.name) !== stage(name))
    .map(({ name }) => name)
    .slice(-8)
}

import { formatBytes, formatCount, formatDuration } from '../../base/format.js'
import type { NetworkResult, RecipeEntry, StudyResult } from '../result.js'
import type { Table } from './table.js'

/** A name and what is to be said of it. */
export type Fact = readonly [name: string, text: string]

export function whatWasRun(result: StudyResult): Fact[] {
  const { dataSet } = result
  const comparators = result.networks.filter(n => n.role === 'comparator')
  const compared = result.networks.filter(n => n.role !== 'comparator')
  const widths = [...new Set(result.networks.map(n => `${Number(n.width.toPrecision(3))}`))]
  return [
    ['Networks', withSeeds(compared) || 'none'],
    ...(comparators.length > 0 ? [['Comparators', withSeeds(comparators)] as const] : []),
    ...(widths.length > 0 ? [['Width', `${widths.join('; ')} (the paper: 1)`] as const] : []),
    [
      'Data set',
      `${dataSet.name}${dataSet.synthetic && !/synth/i.test(dataSet.name) ? ', synthetic' : ''}${dataSet.path === undefined ? '' : `, from ${dataSet.path}`}`,
    ],
    [
      'Images',
      `${formatCount(dataSet.trainImages)} for training, ${formatCount(dataSet.valImages)} for validation, ${formatCount(dataSet.classes)} classes`,
    ],
    ['Unreadable', dataSet.badImages === 0 ? 'none' : `${formatCount(dataSet.badImages)}, left out`],
    ['Input', `${dataSet.size}×${dataSet.size} pixels (the paper: 299×299)`],
    [
      'Evaluation',
      result.protocols.map(p => `${p.title} on ${formatCount(p.images)} images`).join('; ') || 'by epoch only',
    ],
    ['Time', formatDuration(result.seconds)],
  ]
}

/** "Inception-v3, Inception-v4 (seeds 1, 2, 3)", networks with the same seeds together. */
function withSeeds(networks: readonly NetworkResult[]): string {
  const bySeeds = new Map<string, string[]>()
  for (const { title, runs } of networks) {
    const seeds = runs.map(run => run.seed).join(', ')
    bySeeds.set(seeds, [...(bySeeds.get(seeds) ?? []), title])
  }
  return [...bySeeds]
    .map(([seeds, titles]) => {
      const trained = seeds === '' ? 'not trained' : `${seeds.includes(',') ? 'seeds' : 'seed'} ${seeds}`
      return `${titles.join(', ')} (${trained})`
    })
    .join('; ')
}

export const machineFacts = ({ machine: m, startedAt }: StudyResult): Fact[] => [
  ['Processor', m.processor],
  ['Cores', formatCount(m.cores)],
  ['Memory', formatBytes(m.memoryBytes)],
  ['Engine', m.engine],
  ['Node.js', m.node],
  ['Platform', m.platform],
  ['This program', m.version],
  ['Started', startedAt],
]

/** The recipe of the study, and of the instability runs, as tables. */
export const recipeTables = ({ recipe, instability }: StudyResult): Table[] =>
  [
    recipeTable('recipe', 'The same for every network', recipe),
    ...(instability ? [recipeTable('instability-recipe', 'The instability runs', instability.recipe)] : []),
  ].filter(table => table.rows.length > 0)

const recipeTable = (id: string, caption: string, recipe: readonly RecipeEntry[]): Table => ({
  id,
  caption,
  header: ['Setting', 'Value', 'Where it differs from the paper, and why'],
  rows: recipe.map(({ key, value, note }) => [key, value, note ?? '']),
  notes: [],
  prose: [1, 2],
})

/** The commands of every run of a network, in order, each once. */
export const commandsOf = ({ runs }: NetworkResult): string[] => [...new Set(runs.flatMap(run => run.commands))]

export const checkpointsOf = (result: StudyResult): Fact[] =>
  result.networks.flatMap(n =>
    n.runs.flatMap((run): Fact[] =>
      run.checkpoint === null ? [] : [[n.runs.length > 1 ? `${n.title}, seed ${run.seed}` : n.title, run.checkpoint]],
    ),
  )

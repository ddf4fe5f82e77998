import { formatDuration } from '../../base/format.js'
import { judgeClaims } from '../claims/claims.js'
import type { Claim } from '../claims/verdict.js'
import type { StudyResult } from '../result.js'
import { pairsTable } from './confusion.js'
import { checkpointsOf, commandsOf, type Fact, machineFacts, recipeTables, whatWasRun } from './facts.js'
import type { Figure } from './figure.js'
import { headline, method, summary } from './headline.js'
import { type Measurement, measurementsOf } from './measurements.js'
import { isNumeric, type Table } from './table.js'

/** The report as GitHub-flavoured Markdown; its figures are the files that `writePictures` writes into `pictures/`. */
export function renderMarkdown(result: StudyResult): string {
  const claims = judgeClaims(result)
  const confusions = result.confusions.filter(c => c.pairs.length > 0).map(c => tableMarkdown(pairsTable(result, c)))
  const sections = [
    `# ${escapeMarkdown(headline(claims))}`,
    ...(result.interrupted === undefined
      ? []
      : [`**Partial result.** The run was interrupted: ${escapeMarkdown(result.interrupted)}.`]),
    escapeMarkdown(summary(result)),
    claims.map(c => `- **${escapeMarkdown(c.title)}**: ${c.verdict}`).join('\n'),
    '## What was run',
    factsMarkdown(whatWasRun(result)),
    ...measurementsOf(result).flatMap(measurementMarkdown),
    '## The paper’s claims, in this run',
    ...claims.map(claimMarkdown),
    escapeMarkdown(method),
    ...(confusions.length > 0 ? ['## What is taken for what', ...confusions] : []),
    '## Recipe, and where it leaves the paper',
    ...recipeTables(result).map(tableMarkdown),
    '## Machine and versions',
    factsMarkdown(machineFacts(result)),
    '## How to repeat it',
    fenced(result.command),
    `In all ${formatDuration(result.seconds)} on this machine.`,
    ...result.networks.flatMap(network => {
      const commands = commandsOf(network)
      return commands.length > 0 ? [`### ${escapeMarkdown(network.title)} alone`, fenced(commands.join('\n'))] : []
    }),
    factsMarkdown(checkpointsOf(result)),
  ]
  return `${sections.filter(Boolean).join('\n\n')}\n`
}

/** `text` on one line, with nothing in it that Markdown or HTML would act on. */
const escapeMarkdown = (text: string): string =>
  text
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/[\\`*_[\]<>&|~#]/g, '\\$&')
    .trim()

/** A code block whose fence is longer than any run of backticks in it. */
function fenced(code: string): string {
  const ticks = Math.max(2, ...[...code.matchAll(/`+/g)].map(([run]) => run.length)) + 1
  const fence = '`'.repeat(ticks)
  return `${fence}sh\n${code}\n${fence}`
}

const factsMarkdown = (facts: readonly Fact[]): string =>
  facts.map(([name, text]) => `- ${escapeMarkdown(name)}: ${escapeMarkdown(text)}`).join('\n')

const measurementMarkdown = ({ title, figures, tables }: Measurement): string[] => [
  `## ${title}`,
  ...figures.flatMap(figureMarkdown),
  ...tables.map(tableMarkdown),
]

const figureMarkdown = ({ title, caption, charts }: Figure): string[] => [
  `### ${escapeMarkdown(title)}`,
  charts
    .map(chart => `![${escapeMarkdown(`${chart.title}. ${chart.description}`)}](pictures/${chart.id}.png)`)
    .join('\n'),
  escapeMarkdown(caption),
]

function tableMarkdown(table: Table): string {
  const row = (cells: readonly string[]) => `| ${cells.map(escapeMarkdown).join(' | ')} |`
  const rule = table.header.map((_, i) => (i > 0 && isNumeric(table, i) ? '---:' : '---'))
  const lines = [row(table.header), `| ${rule.join(' | ')} |`, ...table.rows.map(row)]
  return [`**${escapeMarkdown(table.caption)}**`, lines.join('\n'), ...table.notes.map(escapeMarkdown)].join('\n\n')
}

const claimMarkdown = (claim: Claim): string =>
  [
    `### ${escapeMarkdown(claim.title)}: ${claim.verdict}`,
    escapeMarkdown(claim.paper),
    claim.parts.map(p => `- ${escapeMarkdown(p.subject)}: **${p.verdict}**. ${escapeMarkdown(p.text)}`).join('\n'),
    escapeMarkdown(claim.rule),
  ].join('\n\n')

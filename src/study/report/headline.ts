import { formatCount, formatDuration } from '../../base/format.js'
import { measuredEpochs } from '../claims/speed.js'
import { type Claim, undecided, type Verdict } from '../claims/verdict.js'
import type { StudyResult } from '../result.js'

const words = ['none', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'] as const
const inWords = (n: number): string => words[n] ?? `${n}`
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** "Of the paper’s four claims, two hold in this run, one does not hold and one is not decided". */
export function headline(claims: readonly Claim[]): string {
  const count = (verdict: Verdict) => claims.filter(c => c.verdict === verdict).length
  const total = claims.length
  const whole = `None of the paper’s ${inWords(total)} claims`
  if (count('holds') === total) return `All ${inWords(total)} of the paper’s claims hold in this run`
  if (count('does not hold') === total) return `${whole} holds in this run`
  if (count(undecided) === total) return `${whole} is decided by this run`
  const said = [
    [count('holds'), 'holds', 'hold'],
    [count('does not hold'), 'does not hold', 'do not hold'],
    [count(undecided), 'is not decided', 'are not decided'],
  ] as const
  const phrases = said
    .filter(([n]) => n > 0)
    .map(([n, one, many], i) => `${inWords(n)} ${n === 1 ? one : many}${i === 0 ? ' in this run' : ''}`)
  return `Of the paper’s ${inWords(total)} claims, ${phrases.join(', ').replace(/, ([^,]*)$/, ' and $1')}`
}

/** The study in two or three sentences. */
export function summary(result: StudyResult): string {
  const { dataSet } = result
  return (
    `${trained(result)} on ${dataSet.name}: ${formatCount(dataSet.trainImages)} training and ${formatCount(dataSet.valImages)} validation images ` +
    `of ${formatCount(dataSet.classes)} classes at ${dataSet.size}×${dataSet.size} pixels, in ${formatDuration(result.seconds)}.` +
    `${dataSet.synthetic ? ' The images are synthetic.' : ''}${dataSet.imagenet ? '' : ' What holds here need not hold on ImageNet, and the other way round.'}`
  )
}

function trained({ networks }: StudyResult): string {
  const runs = networks.flatMap(n => n.runs)
  if (runs.length === 0) return 'No network was trained'
  const epochs = runs.map(run => measuredEpochs(run).length)
  const [least, most] = [Math.min(...epochs), Math.max(...epochs)]
  const seeds = Math.max(...networks.map(n => n.runs.length))
  const times =
    seeds > 1 ? ` with ${networks.every(n => n.runs.length === seeds) ? '' : 'up to '}${inWords(seeds)} seeds` : ''
  const span = least === most ? `${most}` : `${least} to ${most}`
  const each = networks.length > 1 && least === most ? ' each' : ''
  return `${capital(inWords(networks.length))} ${networks.length === 1 ? 'network' : 'networks'} trained${times} for ${span} ${most === 1 ? 'epoch' : 'epochs'}${each}`
}

export const method =
  'A claim about several comparisons holds when every one does, and does not hold when one does not. Intervals are 95 % each ' +
  'by itself. They cover which images are in the validation set, and where a network was trained with several seeds also ' +
  'the luck of training; with one seed they do not cover what another would have given.'

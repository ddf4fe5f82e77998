import { formatDuration, formatPercent } from '../../base/format.js'
import type { Interval } from '../../evaluation/intervals.js'
import {
  type EnsembleMember,
  type EnsembleResult,
  errorsOf,
  isUsable,
  memberOf,
  type NetworkResult,
  type Pair,
  type StudyResult,
  subjectId,
} from '../result.js'
import { type Difference, differenceOf, type Errors, intervalOf, meanOf, pairedOf } from './difference.js'
import { judgeFootprint, judgeInstability, judgeRemedies } from './engineering-claims.js'
import { compareSpeed } from './speed.js'
import { type Claim, type ClaimPart, claim, part, undecided, type Verdict } from './verdict.js'

const pairs: readonly Pair[] = ['smaller', 'larger']

/** The paper's claims, each judged on `result`; a network that is missing leaves its part undecided. */
export const judgeClaims = (result: StudyResult): Claim[] => [
  claim(
    'faster',
    'Residual connections make training faster',
    'The residual network of each pair “was training much faster” than the pure one (captions of figures 8 and 9, AAAI).',
    'Holds for a pair when the residual network needs fewer epochs to come within a tenth of the worse of the two last errors, and its mean error over the common epochs is lower and the 95 % interval of the difference excludes zero; does not hold when both are the other way round.',
    pairs.map(pair => fasterPart(result, pair)),
  ),
  claim(
    'similar',
    'The final errors of a pair are similar',
    'Within each pair the final single-crop errors differ by 0.1 points, while “the final accuracy seems to mainly depend on the model size” (table 1 and figure 10, AAAI).',
    'Holds for a pair when the whole 95 % interval of the difference lies within a tenth of the worse error (at least one point); does not hold when the difference is outside that margin and its interval excludes zero.',
    pairs.map(pair => similarPart(result, pair)),
  ),
  claim(
    'larger',
    'The larger network is better',
    'Inception-v4 and Inception-ResNet-v2 beat Inception-v3 and Inception-ResNet-v1 by 1.2 and 1.4 points of top-1 error (table 1, AAAI).',
    'Holds when the larger network’s final top-1 error is lower and the 95 % interval of the difference excludes zero; does not hold when it is higher in the same sense.',
    [false, true].map(residual => largerPart(result, residual)),
  ),
  ensembleClaim(result),
  ...judgeInstability(result),
  ...judgeRemedies(result),
  ...judgeFootprint(result),
]

/** Final errors are compared under this protocol. */
const single = '1'

function fasterPart(result: StudyResult, pair: Pair): ClaimPart {
  const pure = memberOf(result, pair, false)
  const residual = memberOf(result, pair, true)
  if (!pure || !residual) return absent(result, pairSubject(pair, pure, residual))
  const subject = `${residual.title} against ${pure.title}`
  const speed = compareSpeed(pure, residual)
  if (!speed) return part(subject, undecided, 'The two share fewer than three measured epochs, too few for a curve.')
  const { pure: p, residual: r, threshold } = speed
  const images = result.dataSet.valImages
  const [own, others]: [Errors, Errors] = [
    { values: r.meanErrors, images },
    { values: p.meanErrors, images },
  ]
  const difference = differenceOf(own, others)
  const { interval } = difference
  const verdict =
    r.epochs < p.epochs && interval.high < 0
      ? 'holds'
      : r.epochs > p.epochs && interval.low > 0
        ? 'does not hold'
        : undecided
  const reached =
    `${residual.title} first came under ${formatPercent(threshold)} top-1 error after ${inEpochs(r.epochs)} ` +
    `(${formatDuration(r.seconds)} of training), ${pure.title} after ${inEpochs(p.epochs)} (${formatDuration(p.seconds)}).`
  const mean =
    `Mean error over epochs ${speed.firstEpoch}–${speed.lastEpoch}: ${formatPercent(meanOf(own))} against ` +
    `${formatPercent(meanOf(others))}, ${differenceText(difference)}.`
  const timeDisagrees = (r.epochs - p.epochs) * (r.seconds - p.seconds) < 0
  const aside = timeDisagrees ? ' Counted in seconds instead of epochs, the order is the other way round.' : ''
  return part(subject, verdict, `${reached} ${mean}${aside}`)
}

function similarPart(result: StudyResult, pair: Pair): ClaimPart {
  const pure = memberOf(result, pair, false)
  const residual = memberOf(result, pair, true)
  const a = residual && finalOf(residual)
  const b = pure && finalOf(pure)
  if (!a || !b) return absent(result, pairSubject(pair, pure, residual))
  const subject = `${residual.title} and ${pure.title}`
  const bar = unequalTraining(result, [residual, pure]) ?? neitherLearned(result, a, b)
  if (bar) return part(subject, undecided, bar)
  const margin = Math.max(0.01, 0.1 * Math.max(meanOf(a), meanOf(b)))
  const compared = differenceOf(a, b, pairedOf(result, single, residual.network, pure.network))
  const { interval, difference } = compared
  const verdict =
    interval.low >= -margin && interval.high <= margin
      ? 'holds'
      : Math.abs(difference) > margin && excludesZero(interval)
        ? 'does not hold'
        : undecided
  return part(
    subject,
    verdict,
    `${finalText(a, b)}, ${differenceText(compared)}; “similar” means within ${points(margin)}.`,
  )
}

function largerPart(result: StudyResult, residual: boolean): ClaimPart {
  const larger = memberOf(result, 'larger', residual)
  const smaller = memberOf(result, 'smaller', residual)
  const a = larger && finalOf(larger)
  const b = smaller && finalOf(smaller)
  if (!a || !b)
    return absent(
      result,
      larger?.title ?? smaller?.title ?? (residual ? 'the two residual networks' : 'the two pure networks'),
    )
  const subject = `${larger.title} against ${smaller.title}`
  if (larger.parameters <= smaller.parameters)
    return part(subject, undecided, `At these widths ${larger.title} has no more parameters than ${smaller.title}.`)
  const bar = unequalTraining(result, [larger, smaller]) ?? neitherLearned(result, a, b)
  if (bar) return part(subject, undecided, bar)
  const compared = differenceOf(a, b, pairedOf(result, single, larger.network, smaller.network))
  return part(subject, lowerIsBetter(compared.interval), `${finalText(a, b)}, ${differenceText(compared)}.`)
}

function ensembleClaim(result: StudyResult): Claim {
  const judged = result.ensembles.map(ensemble => judgeEnsemble(result, ensemble))
  const most = Math.max(0, ...result.ensembles.map(e => e.members.length))
  const parts = judged.length > 0 ? judged : [part('ensembles', undecided, 'This run evaluated no ensemble.')]
  return claim(
    'ensemble',
    'An ensemble is better than its best member',
    'Inception-v4 with three Inception-ResNet-v2 reaches 16.4 % top-1 error (AAAI table 4; arXiv prints 16.5 %) where its best single network has 17.7 % (AAAI table 3).',
    'Judged on the ensembles with the most members, under the same crops: holds when the top-1 error is lower than that of the best member and the 95 % interval of the difference excludes zero; does not hold when it is higher in the same sense.',
    parts,
    judged.length > 0 ? parts.filter((_, i) => result.ensembles[i]!.members.length === most) : parts,
  )
}

function judgeEnsemble(result: StudyResult, { members, protocol, errors }: EnsembleResult): ClaimPart {
  const subject = ensembleTitle(result, members)
  const found = members.flatMap(member => {
    const network = result.networks.find(n => n.network === member.network)
    const alone = network?.runs.find(run => run.seed === member.seed)?.errors[protocol]
    return network && isUsable(alone) ? [{ title: network.title, member, alone }] : []
  })
  const best = found.reduce<(typeof found)[number] | undefined>(
    (low, m) => (low && low.alone.top1Error <= m.alone.top1Error ? low : m),
    undefined,
  )
  if (!isUsable(errors) || !best || found.length < members.length || members.length < 2)
    return part(subject, undecided, 'Not every member has an error under these crops to compare the ensemble with.')
  const one = ({ top1Error, images }: typeof errors): Errors => ({ values: [top1Error], images })
  const [a, b] = [one(errors), one(best.alone)]
  const guess = neitherLearned(result, a, b)
  if (guess) return part(subject, undecided, guess)
  const compared = differenceOf(a, b, pairedOf(result, protocol, subjectId(members), subjectId(best.member)))
  const crops = result.protocols.find(p => p.id === protocol)?.title ?? protocol
  return part(
    subject,
    lowerIsBetter(compared.interval),
    `Top-1 error ${formatPercent(meanOf(a))} against ${formatPercent(meanOf(b))} of ${best.title}, its best member, with ${crops} on ${errors.images} images, ${differenceText(compared)}.`,
  )
}

/** "Inception-v4 + 3 × Inception-ResNet-v2"; members the study does not know are called by their id. */
export function ensembleTitle(
  result: StudyResult,
  members: readonly EnsembleMember[],
  titleOf: (network: NetworkResult) => string = network => network.title,
): string {
  const copies = new Map<string, number>()
  for (const { network } of members) copies.set(network, (copies.get(network) ?? 0) + 1)
  const title = (id: string) => {
    const network = result.networks.find(n => n.network === id)
    return network ? titleOf(network) : id
  }
  return [...copies].map(([id, n]) => (n > 1 ? `${n} × ${title(id)}` : title(id))).join(' + ') || 'no members'
}

/** The single-crop errors of a network's runs; undefined when it has none. */
function finalOf(network: NetworkResult): Errors | undefined {
  const errors = errorsOf(network, single)
  return errors.length > 0 ? { values: errors.map(e => e.top1Error), images: errors[0]!.images } : undefined
}

function finalText(a: Errors, b: Errors): string {
  const runs = Math.max(a.values.length, b.values.length)
  return `Final top-1 error ${formatPercent(meanOf(a))} against ${formatPercent(meanOf(b))}${runs > 1 ? ` (means of ${runs} seeds)` : ''}`
}

/** A sentence when an interruption left networks at different epochs, so that their final errors are no comparison. */
function unequalTraining(result: StudyResult, networks: readonly NetworkResult[]): string | undefined {
  if (result.interrupted === undefined) return undefined
  const epochs = networks.map(n =>
    Math.min(...n.runs.map(run => run.epochs.reduce((last, e) => Math.max(last, e.epoch), 0))),
  )
  if (new Set(epochs).size < 2) return undefined
  const said = networks.map((n, i) => `${n.title} ${epochs[i]} ${epochs[i] === 1 ? 'epoch' : 'epochs'}`)
  return `The run was interrupted: trained were ${said.join(' and ')}, which is no comparison.`
}

/** A sentence when neither error can be told from guessing, so that a comparison would say nothing. */
function neitherLearned(result: StudyResult, a: Errors, b: Errors): string | undefined {
  const guessing = 1 - 1 / Math.max(1, result.dataSet.classes)
  const learned = (errors: Errors) => intervalOf(errors).high < guessing
  if (learned(a) || learned(b)) return undefined
  return `Neither error, ${formatPercent(meanOf(a))} and ${formatPercent(meanOf(b))}, can be told from guessing (${formatPercent(guessing)}).`
}

const lowerIsBetter = (interval: Interval): Verdict =>
  interval.high < 0 ? 'holds' : interval.low > 0 ? 'does not hold' : undecided

const excludesZero = (interval: Interval): boolean => interval.low > 0 || interval.high < 0

const absent = (result: StudyResult, subject: string): ClaimPart =>
  part(
    subject,
    undecided,
    result.interrupted === undefined
      ? 'This run did not train both networks.'
      : 'The run was interrupted before both networks were done.',
  )

const pairSubject = (pair: Pair, pure: NetworkResult | undefined, residual: NetworkResult | undefined): string =>
  [residual, pure].flatMap(n => (n ? [n.title] : [])).join(' and ') || `the ${pair} pair`

const inEpochs = (n: number): string => `${n.toFixed(1)} ${n.toFixed(1) === '1.0' ? 'epoch' : 'epochs'}`

const signed = (fraction: number): string => {
  const text = (100 * fraction).toFixed(1)
  if (Number(text) === 0) return '0.0'
  return fraction < 0 ? `−${text.slice(1)}` : `+${text}`
}

const points = (fraction: number): string => `${(100 * fraction).toFixed(1)} points`

function differenceText({ difference, interval, paired }: Difference): string {
  const kind = paired ? 'paired 95 % interval' : '95 % interval'
  return `a difference of ${signed(difference)} points (${kind} ${signed(interval.low)} to ${signed(interval.high)})`
}

import { formatDuration, formatPercent } from '../base/format.js'
import { differenceInterval, type Interval, pairedInterval, wilsonInterval } from '../evaluation/intervals.js'
import {
  ensembleId,
  type FinalErrors,
  memberOf,
  type NetworkResult,
  type Pair,
  type StudyResult,
  usableFinal,
} from './result.js'
import { compareSpeed } from './speed.js'

export type Verdict = 'holds' | 'does not hold' | 'not decided by this run'

/** One of the paper's claims, what this run shows of it, and the rule fixed beforehand by which that was decided. */
export interface Claim {
  readonly id: 'faster' | 'similar' | 'larger' | 'ensemble'
  readonly title: string
  /** What the paper says, and where. */
  readonly paper: string
  readonly rule: string
  readonly verdict: Verdict
  readonly parts: readonly ClaimPart[]
}

export interface ClaimPart {
  readonly subject: string
  readonly verdict: Verdict
  /** One to three sentences with the numbers. */
  readonly text: string
}

const undecided: Verdict = 'not decided by this run'
const pairs: readonly Pair[] = ['smaller', 'larger']

/** The paper's four claims in its order, each judged on `result`; a network that is missing leaves its part undecided. */
export const judgeClaims = (result: StudyResult): Claim[] => [
  claim(
    'faster',
    'Residual connections make training faster',
    'The residual network of each pair “was training much faster” than the pure one (captions of figures 8 and 9, AAAI).',
    'Holds for a pair when the residual network needs fewer epochs to come within a tenth of the worse of the two last errors, and its mean error over the common epochs is lower by more than the 95 % interval; does not hold when both are the other way round.',
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
]

const claim = (
  id: Claim['id'],
  title: string,
  paper: string,
  rule: string,
  parts: readonly ClaimPart[],
  deciding = parts,
): Claim => ({
  id,
  title,
  paper,
  rule,
  parts,
  verdict: overall(deciding.map(part => part.verdict)),
})

/** One counterexample refutes a claim about several networks; only all of them together establish it. */
export function overall(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('does not hold')) return 'does not hold'
  return verdicts.length > 0 && verdicts.every(v => v === 'holds') ? 'holds' : undecided
}

function fasterPart(result: StudyResult, pair: Pair): ClaimPart {
  const pure = memberOf(result, pair, false)
  const residual = memberOf(result, pair, true)
  if (!pure || !residual) return absent(result, pairSubject(pair, pure, residual))
  const subject = `${residual.title} against ${pure.title}`
  const speed = compareSpeed(pure, residual)
  if (!speed) return part(subject, undecided, 'The two share fewer than three measured epochs, too few for a curve.')
  const { pure: p, residual: r, threshold } = speed
  const interval = differenceInterval(r.meanError, imagesOf(result, residual), p.meanError, imagesOf(result, pure))
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
    `Mean error over epochs ${speed.firstEpoch}–${speed.lastEpoch}: ${formatPercent(r.meanError)} against ` +
    `${formatPercent(p.meanError)}, ${differenceText(r.meanError - p.meanError, interval)}.`
  const timeDisagrees = (r.epochs - p.epochs) * (r.seconds - p.seconds) < 0
  const aside = timeDisagrees ? ' Counted in seconds instead of epochs, the order is the other way round.' : ''
  return part(subject, verdict, `${reached} ${mean}${aside}`)
}

function similarPart(result: StudyResult, pair: Pair): ClaimPart {
  const pure = memberOf(result, pair, false)
  const residual = memberOf(result, pair, true)
  const a = residual && usableFinal(residual)
  const b = pure && usableFinal(pure)
  if (!a || !b) return absent(result, pairSubject(pair, pure, residual))
  const subject = `${residual.title} and ${pure.title}`
  const bar = unequalTraining(result, [residual, pure]) ?? neitherLearned(result, a, b)
  if (bar) return part(subject, undecided, bar)
  const margin = Math.max(0.01, 0.1 * Math.max(a.top1Error, b.top1Error))
  const { difference, interval, text } = compareFinal(result, residual.network, a, pure.network, b)
  const verdict =
    interval.low >= -margin && interval.high <= margin
      ? 'holds'
      : Math.abs(difference) > margin && excludesZero(interval)
        ? 'does not hold'
        : undecided
  return part(
    subject,
    verdict,
    `Final top-1 error ${formatPercent(a.top1Error)} against ${formatPercent(b.top1Error)}, ${text}; “similar” means within ${points(margin)}.`,
  )
}

function largerPart(result: StudyResult, residual: boolean): ClaimPart {
  const larger = memberOf(result, 'larger', residual)
  const smaller = memberOf(result, 'smaller', residual)
  const a = larger && usableFinal(larger)
  const b = smaller && usableFinal(smaller)
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
  const { interval, text } = compareFinal(result, larger.network, a, smaller.network, b)
  return part(
    subject,
    lowerIsBetter(interval),
    `Final top-1 error ${formatPercent(a.top1Error)} against ${formatPercent(b.top1Error)}, ${text}.`,
  )
}

function ensembleClaim(result: StudyResult): Claim {
  const judged = result.ensembles.map(ensemble => {
    const members = ensemble.members.map(id => result.networks.find(n => n.network === id))
    const subject = ensembleTitle(result, ensemble.members)
    const together = usableFinal({ final: ensemble })
    const finals = members.flatMap(m => {
      const final = m && usableFinal(m)
      return m && final ? [{ title: m.title, network: m.network, final }] : []
    })
    const best = finals.reduce<(typeof finals)[number] | undefined>(
      (low, m) => (low && low.final.top1Error <= m.final.top1Error ? low : m),
      undefined,
    )
    if (!together || !best || finals.length < members.length || members.length < 2)
      return part(subject, undecided, 'Not every member has a final error to compare the ensemble with.')
    const guess = neitherLearned(result, together, best.final)
    if (guess) return part(subject, undecided, guess)
    const { interval, text } = compareFinal(result, ensembleId(ensemble.members), together, best.network, best.final)
    return part(
      subject,
      lowerIsBetter(interval),
      `Top-1 error ${formatPercent(together.top1Error)} against ${formatPercent(best.final.top1Error)} of ${best.title}, its best member, ${text}.`,
    )
  })
  const most = Math.max(0, ...result.ensembles.map(e => e.members.length))
  const parts = judged.length > 0 ? judged : [part('ensembles', undecided, 'This run evaluated no ensemble.')]
  return claim(
    'ensemble',
    'An ensemble is better than its best member',
    'Inception-v4 with three Inception-ResNet-v2 reaches 16.4 % top-1 error (AAAI table 4; arXiv prints 16.5 %) where its best single network has 17.7 % (AAAI table 3).',
    'Judged on the ensemble with the most members: holds when its top-1 error is lower than its best member’s and the 95 % interval of the difference excludes zero; does not hold when it is higher in the same sense.',
    parts,
    judged.length > 0 ? parts.filter((_, i) => result.ensembles[i]!.members.length === most) : parts,
  )
}

/** "Inception-v4 + 3 × Inception-ResNet-v2"; members the study does not know are called by their id. */
export function ensembleTitle(
  result: StudyResult,
  members: readonly string[],
  titleOf: (network: NetworkResult) => string = network => network.title,
): string {
  const copies = new Map<string, number>()
  for (const id of members) copies.set(id, (copies.get(id) ?? 0) + 1)
  const title = (id: string) => {
    const network = result.networks.find(n => n.network === id)
    return network ? titleOf(network) : id
  }
  return [...copies].map(([id, n]) => (n > 1 ? `${n} × ${title(id)}` : title(id))).join(' + ') || 'no members'
}

function compareFinal(result: StudyResult, first: string, a: FinalErrors, second: string, b: FinalErrors) {
  const difference = a.top1Error - b.top1Error
  const paired = pairedCounts(result, first, a, second, b)
  const interval = paired ? pairedInterval(paired) : differenceInterval(a.top1Error, a.images, b.top1Error, b.images)
  return { difference, interval, text: differenceText(difference, interval, paired !== undefined) }
}

/** Image-by-image counts of the two, in this order, if there are any and they agree with the errors reported. */
function pairedCounts(result: StudyResult, first: string, a: FinalErrors, second: string, b: FinalErrors) {
  for (const p of result.paired ?? []) {
    const swapped = p.first === second && p.second === first
    if (!swapped && !(p.first === first && p.second === second)) continue
    const counts = swapped ? { ...p, onlyFirstWrong: p.onlySecondWrong, onlySecondWrong: p.onlyFirstWrong } : p
    const agrees = (final: FinalErrors, wrong: number) =>
      final.images === p.images && Math.abs(final.top1Error * p.images - wrong) < 0.5
    if (agrees(a, p.bothWrong + counts.onlyFirstWrong) && agrees(b, p.bothWrong + counts.onlySecondWrong)) return counts
  }
  return undefined
}

/** A sentence when an interruption left networks at different epochs, so that their final errors are no comparison. */
function unequalTraining(result: StudyResult, networks: readonly NetworkResult[]): string | undefined {
  if (result.interrupted === undefined) return undefined
  const epochs = networks.map(n => n.epochs.reduce((last, e) => Math.max(last, e.epoch), 0))
  if (new Set(epochs).size < 2) return undefined
  const said = networks.map((n, i) => `${n.title} ${epochs[i]} ${epochs[i] === 1 ? 'epoch' : 'epochs'}`)
  return `The run was interrupted: trained were ${said.join(' and ')}, which is no comparison.`
}

/** A sentence when neither error can be told from guessing, so that a comparison would say nothing. */
function neitherLearned(result: StudyResult, a: FinalErrors, b: FinalErrors): string | undefined {
  const guessing = 1 - 1 / Math.max(1, result.dataSet.classes)
  const learned = (e: FinalErrors) => wilsonInterval(e.top1Error, e.images).high < guessing
  if (learned(a) || learned(b)) return undefined
  return `Neither error, ${formatPercent(a.top1Error)} and ${formatPercent(b.top1Error)}, can be told from guessing (${formatPercent(guessing)}).`
}

const lowerIsBetter = (interval: Interval): Verdict =>
  interval.high < 0 ? 'holds' : interval.low > 0 ? 'does not hold' : undecided

const excludesZero = (interval: Interval): boolean => interval.low > 0 || interval.high < 0

const part = (subject: string, verdict: Verdict, text: string): ClaimPart => ({ subject, verdict, text })

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

const imagesOf = (result: StudyResult, network: NetworkResult): number =>
  usableFinal(network)?.images ?? result.dataSet.valImages

const inEpochs = (n: number): string => `${n.toFixed(1)} ${n.toFixed(1) === '1.0' ? 'epoch' : 'epochs'}`

const signed = (fraction: number): string => {
  const text = (100 * fraction).toFixed(1)
  if (Number(text) === 0) return '0.0'
  return fraction < 0 ? `−${text.slice(1)}` : `+${text}`
}

const points = (fraction: number): string => `${(100 * fraction).toFixed(1)} points`

function differenceText(difference: number, interval: Interval, paired = false): string {
  const kind = paired ? 'paired 95 % interval' : '95 % interval'
  return `a difference of ${signed(difference)} points (${kind} ${signed(interval.low)} to ${signed(interval.high)})`
}

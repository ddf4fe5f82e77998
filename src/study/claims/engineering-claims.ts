import { formatBytes, formatCount, formatPercent } from '../../base/format.js'
import type {
  Footprint,
  InstabilityResult,
  InstabilityRun,
  InstabilitySetting,
  Outcome,
  StudyResult,
} from '../result.js'
import { type Claim, type ClaimPart, claim, part, undecided, type Verdict } from './verdict.js'

// The claims about how such networks can be trained at all; a study that does not ask for them does not judge them.

/** Wide residual networks die without scaling, and train with it (AAAI "Scaling of the residuals", arXiv §3.3). */
export function judgeInstability({ instability }: StudyResult): Claim[] {
  if (!instability) return []
  const plain = instability.settings.filter(setting => setting.remedy === null)
  const bare = plain.filter(setting => setting.residualScale === 1)
  const scaled = plain.filter(setting => setting.residualScale < 1)
  return [
    claim(
      'unstable',
      'Wide residual networks die without scaling, and scaling cures it',
      'With more than 1,000 filters “the network has just ‘died’ early in the training, meaning that the last layer before the average pooling started to produce only zeros”; scaling the residuals by 0.1 to 0.3 “seemed to stabilize the training” (AAAI, Scaling of the Residuals; arXiv §3.3).',
      'Holds when every run at scale 1 ends dead or with a loss that is not finite, and every run at the scales 0.1, 0.2 and 0.3 trains to its end; does not hold when every run at scale 1 trains, or a run at each of those scales fails.',
      [...bare.map(setting => failingPart(setting, instability)), ...scaledParts(scaled, instability)],
    ),
  ]
}

function failingPart(setting: InstabilitySetting, study: InstabilityResult): ClaimPart {
  const failed = setting.runs.filter(hasFailed)
  const verdict: Verdict =
    setting.runs.length === 0 || (failed.length > 0 && failed.length < setting.runs.length)
      ? undecided
      : failed.length > 0
        ? 'holds'
        : 'does not hold'
  return part(setting.title, verdict, fates(setting, study))
}

/** The scales up to 0.3; the least of them at which training stops failing is named. */
function scaledParts(scaled: readonly InstabilitySetting[], study: InstabilityResult): ClaimPart[] {
  const sound = (setting: InstabilitySetting) => setting.runs.length > 0 && !setting.runs.some(hasFailed)
  const curing = scaled.filter(sound)
  return scaled.map(setting => {
    const verdict: Verdict =
      setting.runs.length === 0
        ? undecided
        : sound(setting)
          ? 'holds'
          : curing.length === 0
            ? 'does not hold'
            : undecided
    return part(setting.title, verdict, fates(setting, study))
  })
}

/** Neither a lower learning rate nor an extra batch norm helps, says the paper, nor does warm-up for very deep ones. */
export function judgeRemedies({ instability }: StudyResult): Claim[] {
  const tried = instability?.settings.filter(setting => setting.remedy !== null) ?? []
  if (!instability || tried.length === 0) return []
  const bareFails = instability.settings.some(
    setting => setting.remedy === null && setting.residualScale === 1 && setting.runs.some(hasFailed),
  )
  return [
    claim(
      'remedies',
      'Other remedies do not prevent it',
      '“This could not be prevented, neither by lowering the learning rate, nor by adding an extra batch-normalization to this layer”, and even a warm-up phase was not sufficient where the number of filters is very high (AAAI, Scaling of the Residuals; arXiv §3.3).',
      'Judged where the network fails at scale 1 without them: holds for a remedy when every run with it fails too; does not hold when every run with it trains to its end.',
      tried.map(setting => {
        const judged = failingPart(setting, instability)
        return bareFails
          ? judged
          : part(judged.subject, undecided, `${judged.text} Without a remedy the network did not fail either.`)
      }),
    ),
  ]
}

const hasFailed = (run: InstabilityRun): boolean => run.outcome !== 'trained'

/** "Died at step 740 (seed 1) and 905 (seed 2). At the last look 99.9 % of …": what became of a setting's runs. */
function fates({ runs }: InstabilitySetting, { steps }: InstabilityResult): string {
  if (runs.length === 0) return 'Not run.'
  const sentences = [
    ...ended('Died', runs, 'died'),
    ...ended('Lost its finite numbers', runs, 'diverged'),
    ...(runs.some(run => !hasFailed(run))
      ? [
          `Trained to the end, ${formatCount(steps)} steps${seedsOf(
            runs,
            runs.filter(run => !hasFailed(run)),
          )}.`,
        ]
      : []),
  ]
  const shares = runs.flatMap(run => run.trace.at(-1)?.zeroShare ?? [])
  const seen = shares.map(formatPercent).join(' and ')
  return [...sentences, ...(seen ? [`At the last look ${seen} of the last layer’s activations were zero.`] : [])].join(
    ' ',
  )
}

/** "Died at step 740 (seed 1) and 905 (seed 2)."; nothing where no run ended so. */
function ended(words: string, runs: readonly InstabilityRun[], outcome: Outcome): string[] {
  const own = runs.filter(run => run.outcome === outcome)
  const steps = own.map(run => `${formatCount(run.step)}${seedsOf(runs, [run])}`)
  return own.length === 0 ? [] : [`${words} at step ${steps.join(' and ')}.`]
}

/** " (seed 1)" where there are several to tell apart. */
const seedsOf = (all: readonly InstabilityRun[], some: readonly InstabilityRun[]): string =>
  all.length < 2 ? '' : ` (${some.length > 1 ? 'seeds' : 'seed'} ${some.map(run => run.seed).join(', ')})`

/** Why the paper leaves batch norm off the residual sums: the memory it takes (AAAI and arXiv §3.2). */
export function judgeFootprint({ footprint }: StudyResult): Claim[] {
  if (!footprint || footprint.withSumNorms.length === 0) return []
  return [
    claim(
      'sum-norms',
      'Batch norm on top of the sums costs memory',
      'Batch norm is used “only on top of the traditional layers, but not on top of the summations”, because of the memory that layers with large activation size consume (AAAI, Residual Inception Blocks; arXiv §3.2).',
      'Holds for a network when training with batch norm on every sum takes at least 2 % more memory, as measured; does not hold when it takes less. The paper says nothing of the time of a step, which is given beside it.',
      footprint.withSumNorms.map(heavier => sumNormPart(footprint.networks, heavier)),
    ),
  ]
}

function sumNormPart(networks: readonly Footprint[], heavier: Footprint): ClaimPart {
  const light = networks.find(each => each.network === heavier.network)
  if (!light) return part(heavier.title, undecided, 'The network without them was not measured.')
  const more = (of: (each: Footprint) => number) => of(heavier) / of(light) - 1
  const [memory, time, planned] = [more(f => f.measuredBytes), more(f => f.stepMilliseconds), more(f => f.plannedBytes)]
  const verdict: Verdict = memory >= 0.02 ? 'holds' : 'does not hold'
  const percent = (share: number) => `${share < 0 ? '−' : '+'}${formatPercent(Math.abs(share))}`
  return part(
    heavier.title,
    verdict,
    `${formatBytes(light.measuredBytes)} without, ${formatBytes(heavier.measuredBytes)} with (${percent(memory)}; planned ${percent(planned)}); a step ${light.stepMilliseconds.toFixed(0)} ms without, ${heavier.stepMilliseconds.toFixed(0)} ms with (${percent(time)}).`,
  )
}

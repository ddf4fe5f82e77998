import assert from 'node:assert/strict'
import test from 'node:test'
import { ensembleTitle, judgeClaims } from '../../src/study/claims/claims.js'
import { arrivalAt, compareSpeed, curveOf, givenErrors } from '../../src/study/claims/speed.js'
import { type Claim, overall } from '../../src/study/claims/verdict.js'
import {
  type EnsembleResult,
  type EpochResult,
  type InstabilityRun,
  type InstabilitySetting,
  type NetworkResult,
  type RunResult,
  type StudyResult,
  subjectId,
} from '../../src/study/result.js'
import { oneSeed, sample, withNetwork, withRuns } from './sample.js'

const claimOf = (result: StudyResult, id: Claim['id']): Claim => judgeClaims(result).find(c => c.id === id)!

const epochsOf = (errors: readonly number[], secondsPerEpoch = 10): EpochResult[] =>
  errors.map((top1Error, i) => ({
    epoch: i + 1,
    seconds: (i + 1) * secondsPerEpoch,
    trainLoss: 1,
    top1Error,
    top5Error: top1Error / 4,
  }))

const final = (top1Error: number, images = 2000) => ({
  errors: { '1': { top1Error, top5Error: top1Error / 4, images } },
})

/** One seed of the sample, its networks with these errors. */
const withFinals = (errors: Readonly<Record<string, number>>, images = 2000): StudyResult =>
  Object.entries(errors).reduce((result, [id, error]) => withRuns(id, final(error, images), result), oneSeed)

/** The sample with given curves for its smaller pair. */
const withCurves = (pure: readonly number[], residual: readonly number[], secondsOfResidual = 10): StudyResult => {
  const one = withRuns('inception-v3', { epochs: epochsOf(pure) }, oneSeed)
  return withRuns('inception-resnet-v1', { epochs: epochsOf(residual, secondsOfResidual) }, one)
}

/** The network with its one run changed. */
const rerun = (network: NetworkResult, change: (run: RunResult) => Partial<RunResult>): NetworkResult => ({
  ...network,
  runs: network.runs.map(each => ({ ...each, ...change(each) })),
})

test('speed: threshold, crossing and mean error by hand', () => {
  const result = withCurves([0.9, 0.7, 0.5, 0.4], [0.7, 0.45, 0.41, 0.38], 20)
  const speed = compareSpeed(result.networks[0]!, result.networks[1]!)!
  assert.equal(speed.threshold.toFixed(6), '0.440000')
  // Between epoch 3 (0.50) and 4 (0.40): 0.6 of the way.
  assert.equal(speed.pure.epochs.toFixed(6), '3.600000')
  assert.equal(speed.pure.seconds.toFixed(6), '36.000000')
  // Between epoch 2 (0.45) and 3 (0.41): a quarter of the way.
  assert.equal(speed.residual.epochs.toFixed(6), '2.250000')
  assert.equal(speed.residual.seconds.toFixed(6), '45.000000')
  assert.deepEqual(
    speed.pure.meanErrors.map(e => e.toFixed(6)),
    [((0.8 + 0.6 + 0.45) / 3).toFixed(6)],
  )
})

test('speed is compared over the epochs both have, whatever their order and repeats', () => {
  const [pure, residual] = withCurves([0.9, 0.7, 0.5, 0.4], [0.7, 0.5, 0.4, 0.35, 0.2, 0.1]).networks
  const speed = compareSpeed(pure!, residual!)!
  assert.equal(speed.lastEpoch, 4)
  assert.equal(speed.threshold.toFixed(6), '0.440000')
  const shuffled = rerun(residual!, ({ epochs }) => ({ epochs: [...epochs].reverse().concat(epochs[2]!) }))
  assert.deepEqual(compareSpeed(pure!, shuffled), speed)
  assert.equal(
    compareSpeed(
      pure!,
      rerun(residual!, ({ epochs }) => ({ epochs: epochs.slice(0, 2) })),
    ),
    undefined,
  )
})

test('a residual network that learns faster, slower, or no differently', () => {
  const slow = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
  const fast = [0.7, 0.5, 0.42, 0.4, 0.4, 0.4]
  assert.equal(claimOf(withCurves(slow, fast), 'faster').parts[0]!.verdict, 'holds')
  const reversed = claimOf(withCurves(fast, slow), 'faster')
  assert.equal(reversed.parts[0]!.verdict, 'does not hold')
  assert.equal(reversed.verdict, 'does not hold')
  const close = withCurves(
    slow,
    slow.map(e => e - 0.005),
  )
  assert.equal(claimOf(close, 'faster').parts[0]!.verdict, 'not decided by this run')
})

test('fewer epochs but more seconds is said, not hidden', () => {
  const result = withCurves([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [0.7, 0.5, 0.42, 0.4, 0.4, 0.4], 100)
  assert.match(
    claimOf(result, 'faster').parts[0]!.text,
    /Counted in seconds instead of epochs, the order is the other way/,
  )
})

test('similar: within the margin, outside it, or too few images to tell', () => {
  const pairOf = (a: number, b: number, images: number) =>
    claimOf(withFinals({ 'inception-v3': a, 'inception-resnet-v1': b }, images), 'similar').parts[0]!.verdict
  assert.equal(pairOf(0.212, 0.213, 48238), 'holds')
  assert.equal(pairOf(0.212, 0.213, 500), 'not decided by this run')
  assert.equal(pairOf(0.2, 0.3, 2000), 'does not hold')
  assert.equal(pairOf(0, 0, 2000), 'holds')
  // Told apart from zero, but neither inside nor outside the margin of 2.5 points.
  assert.equal(pairOf(0.25, 0.225, 20000), 'not decided by this run')
})

test('on the paper’s own numbers: similar and larger hold', () => {
  const errors = {
    'inception-v3': 0.212,
    'inception-resnet-v1': 0.213,
    'inception-v4': 0.2,
    'inception-resnet-v2': 0.199,
  }
  const study = withFinals(errors, 48238)
  const result = { ...study, dataSet: { ...study.dataSet, classes: 1000 } }
  assert.equal(claimOf(result, 'similar').verdict, 'holds')
  assert.equal(claimOf(result, 'larger').verdict, 'holds')
})

test('larger: a worse large network refutes, a difference inside the noise decides nothing', () => {
  assert.equal(claimOf(withFinals({ 'inception-v4': 0.4 }), 'larger').verdict, 'does not hold')
  const close = claimOf(withFinals({ 'inception-v3': 0.28, 'inception-v4': 0.275 }), 'larger')
  assert.equal(close.parts[0]!.verdict, 'not decided by this run')
  assert.equal(close.verdict, 'not decided by this run')
  const small = claimOf(withNetwork('inception-v4', { parameters: 10 }), 'larger').parts[0]!
  assert.match(small.text, /no more parameters/)
})

test('errors no better than guessing decide nothing', () => {
  const guessing = withFinals(Object.fromEntries(sample.networks.map(n => [n.network, 0.95])))
  for (const id of ['similar', 'larger'] as const)
    for (const part of claimOf(guessing, id).parts) {
      assert.equal(part.verdict, 'not decided by this run')
      assert.match(part.text, /guessing \(95\.0 %\)/)
    }
})

test('ensemble: judged on the one with most members, paired where there is a comparison', () => {
  const claim = claimOf(sample, 'ensemble')
  assert.equal(claim.verdict, 'holds')
  assert.equal(claim.parts.length, 2)
  assert.match(claim.parts[1]!.text, /paired 95 % interval/)
  assert.match(claim.parts[1]!.text, /with 144 crops on 2000 images/)
  assert.doesNotMatch(claim.parts[0]!.text, /paired/)
})

test('a paired comparison serves in either order', () => {
  const swapped = sample.paired.map(p => ({ ...p, first: p.second, second: p.first, difference: -p.difference }))
  assert.deepEqual(claimOf({ ...sample, paired: swapped }, 'ensemble'), claimOf(sample, 'ensemble'))
})

test('an ensemble worse than its best member does not hold; one of unknown members is not decided', () => {
  const ensemble = (ids: readonly string[], top1Error: number): EnsembleResult => ({
    members: ids.map(network => ({ network, seed: 1 })),
    protocol: '1',
    errors: { top1Error, top5Error: 0.1, images: 2000 },
  })
  const judge = (...ensembles: EnsembleResult[]) => claimOf({ ...sample, ensembles }, 'ensemble').verdict
  assert.equal(judge(ensemble(['inception-v3', 'inception-resnet-v2'], 0.3)), 'does not hold')
  assert.equal(judge(ensemble(['inception-v3', 'someone-elses'], 0.1)), 'not decided by this run')
  assert.equal(judge(ensemble(['inception-v3'], 0.1)), 'not decided by this run')
  assert.equal(judge(), 'not decided by this run')
})

test('missing networks leave their part undecided and say why', () => {
  const alone: StudyResult = { ...oneSeed, networks: oneSeed.networks.slice(0, 2), ensembles: [] }
  const faster = claimOf(alone, 'faster')
  assert.deepEqual(
    faster.parts.map(p => p.verdict),
    ['holds', 'not decided by this run'],
  )
  assert.equal(faster.verdict, 'not decided by this run')
  assert.match(faster.parts[1]!.text, /did not train both/)
  assert.match(claimOf({ ...alone, interrupted: 'SIGINT' }, 'larger').parts[0]!.text, /interrupted before both/)
})

test('verdicts combine: one counterexample refutes, only all establish', () => {
  assert.equal(overall(['holds', 'does not hold', 'not decided by this run']), 'does not hold')
  assert.equal(overall(['holds', 'not decided by this run']), 'not decided by this run')
  assert.equal(overall(['holds', 'holds']), 'holds')
  assert.equal(overall([]), 'not decided by this run')
})

test('ensembles are named by their members, copies counted', () => {
  const copies = [1, 2, 3].map(seed => ({ network: 'inception-resnet-v2', seed }))
  const name = ensembleTitle(sample, [{ network: 'inception-v4', seed: 1 }, ...copies])
  assert.equal(name, 'Inception-v4 + 3 × Inception-ResNet-v2')
  assert.equal(subjectId(copies.slice(0, 2)), 'inception-resnet-v2/1 + inception-resnet-v2/2')
})

test('networks an interruption left at different epochs are not compared by their final errors', () => {
  const { epochs } = oneSeed.networks[2]!.runs[0]!
  const short = withRuns('inception-v4', { epochs: epochs.slice(0, 3), ...final(0.6) }, oneSeed)
  const interrupted = { ...short, interrupted: 'SIGINT' }
  for (const id of ['similar', 'larger'] as const) {
    const part = claimOf(interrupted, id).parts.find(p => p.subject.includes('Inception-v4'))!
    assert.equal(part.verdict, 'not decided by this run')
    assert.match(part.text, /Inception-v4 3 epochs/)
  }
  assert.equal(claimOf(short, 'larger').parts[0]!.verdict, 'does not hold')
})

test('several seeds: means are compared, and their spread widens the interval', () => {
  const seeds = (id: string, errors: readonly number[], result: StudyResult) =>
    withNetwork(
      id,
      { runs: errors.map((error, i) => ({ ...oneSeed.networks[0]!.runs[0]!, seed: i + 1, ...final(error, 50000) })) },
      result,
    )
  const judge = (small: readonly number[], large: readonly number[]) =>
    claimOf(seeds('inception-v4', large, seeds('inception-v3', small, sample)), 'larger').parts[0]!
  const steady = judge([0.25, 0.251, 0.249], [0.22, 0.221, 0.219])
  assert.equal(steady.verdict, 'holds')
  assert.match(steady.text, /22\.0 % against 25\.0 % \(means of 3 seeds\)/)
  assert.equal(judge([0.2, 0.25, 0.3], [0.17, 0.22, 0.27]).verdict, 'not decided by this run')
})

test('a curve is the mean over the seeds, over the epochs that all have', () => {
  const runs = [epochsOf([0.8, 0.6, 0.4]), epochsOf([0.6, 0.4], 20)].map(epochs => ({
    ...oneSeed.networks[0]!.runs[0]!,
    epochs,
  }))
  const curve = curveOf({ ...oneSeed.networks[0]!, runs })
  assert.deepEqual(
    curve.map(({ epoch, seconds, error, errors }) => [epoch, seconds, error.toFixed(6), errors]),
    [
      [1, 15, '0.700000', [0.8, 0.6]],
      [2, 30, '0.500000', [0.6, 0.4]],
    ],
  )
  assert.equal(arrivalAt(curve, 0.6)!.epochs.toFixed(6), '1.500000')
  assert.equal(arrivalAt(curve, 0.6)!.seconds.toFixed(6), '22.500000')
  assert.deepEqual(arrivalAt(curve, 0.9), { epochs: 1, seconds: 15 })
  assert.equal(arrivalAt(curve, 0.4), undefined)
  assert.deepEqual(givenErrors([curve]), [0.6, 0.5])
  assert.deepEqual(givenErrors([]), [])
})

const instability = sample.instability!
const fate = (outcome: InstabilityRun['outcome'], step = 100): InstabilityRun => ({ seed: 1, outcome, step, trace: [] })
const tried = (settings: readonly (readonly [number, InstabilitySetting['remedy'], readonly InstabilityRun[]])[]) => ({
  ...sample,
  instability: {
    ...instability,
    settings: settings.map(([residualScale, remedy, runs], i) => ({
      id: `${i}`,
      title: `scale ${residualScale}`,
      residualScale,
      remedy,
      runs,
    })),
  },
})

test('instability: holds when scale 1 fails and the scales to 0.3 train, refuted when scale 1 trains', () => {
  const cured = [0.1, 0.2, 0.3].map(scale => [scale, null, [fate('trained')]] as const)
  assert.equal(claimOf(sample, 'unstable').verdict, 'holds')
  assert.equal(claimOf(tried([[1, null, [fate('died')]], ...cured]), 'unstable').verdict, 'holds')
  assert.equal(claimOf(tried([[1, null, [fate('trained')]], ...cured]), 'unstable').verdict, 'does not hold')
  const luck = tried([[1, null, [fate('died'), fate('trained')]], ...cured])
  assert.equal(claimOf(luck, 'unstable').verdict, 'not decided by this run')
  const failing = [0.1, 0.2, 0.3].map(scale => [scale, null, [fate('diverged')]] as const)
  assert.equal(claimOf(tried([[1, null, [fate('died')]], ...failing]), 'unstable').verdict, 'does not hold')
  assert.equal(claimOf(tried([[1, null, []], ...cured]), 'unstable').verdict, 'not decided by this run')
})

test('remedies: judged only where the network fails without them', () => {
  const remedy = (bare: InstabilityRun, remedied: InstabilityRun) =>
    claimOf(
      tried([
        [1, null, [bare]],
        [1, 'warm-up', [remedied]],
      ]),
      'remedies',
    ).verdict
  assert.equal(remedy(fate('died'), fate('died')), 'holds')
  assert.equal(remedy(fate('died'), fate('trained')), 'does not hold')
  assert.equal(remedy(fate('trained'), fate('died')), 'not decided by this run')
  assert.equal(claimOf(tried([[1, null, [fate('died')]]]), 'remedies'), undefined)
})

test('sum norms: memory has to be more by two percent, whatever the time', () => {
  const [light] = sample.footprint!.networks
  const judge = (memory: number, time: number) =>
    claimOf(
      {
        ...sample,
        footprint: {
          ...sample.footprint!,
          withSumNorms: [
            {
              ...light!,
              measuredBytes: light!.measuredBytes * memory,
              stepMilliseconds: light!.stepMilliseconds * time,
            },
          ],
        },
      },
      'sum-norms',
    ).verdict
  assert.equal(judge(1.1, 1.05), 'holds')
  assert.equal(judge(1.1, 0.9), 'holds')
  assert.equal(judge(1.01, 1.1), 'does not hold')
  assert.equal(judge(0.9, 1.1), 'does not hold')
})

test('claims a study does not ask for are not judged', () => {
  const { instability: _, footprint: __, ...asked } = sample
  assert.deepEqual(
    judgeClaims(asked).map(c => c.id),
    ['faster', 'similar', 'larger', 'ensemble'],
  )
  assert.equal(judgeClaims(sample).length, 7)
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { type Claim, ensembleTitle, judgeClaims, overall } from '../../src/study/claims.js'
import type { EpochResult, StudyResult } from '../../src/study/result.js'
import { compareSpeed } from '../../src/study/speed.js'
import { sample, withNetwork } from './sample.js'

const claimOf = (result: StudyResult, id: Claim['id']): Claim => judgeClaims(result).find(c => c.id === id)!

const epochsOf = (errors: readonly number[], secondsPerEpoch = 10): EpochResult[] =>
  errors.map((top1Error, i) => ({
    epoch: i + 1,
    seconds: (i + 1) * secondsPerEpoch,
    trainLoss: 1,
    top1Error,
    top5Error: top1Error / 4,
  }))

const final = (top1Error: number, images = 2000) => ({ top1Error, top5Error: top1Error / 4, images })

/** The sample with given curves for its smaller pair. */
const withCurves = (pure: readonly number[], residual: readonly number[], secondsOfResidual = 10): StudyResult => {
  const one = withNetwork('inception-v3', { epochs: epochsOf(pure) })
  return {
    ...one,
    networks: one.networks.map(n =>
      n.network === 'inception-resnet-v1' ? { ...n, epochs: epochsOf(residual, secondsOfResidual) } : n,
    ),
  }
}

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
  assert.equal(speed.pure.meanError.toFixed(6), ((0.8 + 0.6 + 0.45) / 3).toFixed(6))
})

test('speed is compared over the epochs both have, whatever their order and repeats', () => {
  const [pure, residual] = withCurves([0.9, 0.7, 0.5, 0.4], [0.7, 0.5, 0.4, 0.35, 0.2, 0.1]).networks
  const speed = compareSpeed(pure!, residual!)!
  assert.equal(speed.lastEpoch, 4)
  assert.equal(speed.threshold.toFixed(6), '0.440000')
  const shuffled = { ...residual!, epochs: [...residual!.epochs].reverse().concat(residual!.epochs[2]!) }
  assert.deepEqual(compareSpeed(pure!, shuffled), speed)
  assert.equal(compareSpeed(pure!, { ...residual!, epochs: residual!.epochs.slice(0, 2) }), undefined)
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
  const pairOf = (a: number, b: number, images: number) => {
    const one = withNetwork('inception-v3', { final: final(a, images) })
    const result = {
      ...one,
      networks: one.networks.map(n => (n.network === 'inception-resnet-v1' ? { ...n, final: final(b, images) } : n)),
    }
    return claimOf(result, 'similar').parts[0]!.verdict
  }
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
  const result: StudyResult = {
    ...sample,
    dataSet: { ...sample.dataSet, classes: 1000 },
    networks: sample.networks.map(n => ({ ...n, final: final(errors[n.network as keyof typeof errors], 48238) })),
  }
  assert.equal(claimOf(result, 'similar').verdict, 'holds')
  assert.equal(claimOf(result, 'larger').verdict, 'holds')
})

test('larger: a worse large network refutes, a difference inside the noise decides nothing', () => {
  assert.equal(claimOf(withNetwork('inception-v4', { final: final(0.4) }), 'larger').verdict, 'does not hold')
  const close = claimOf(withNetwork('inception-v4', { final: final(0.275) }), 'larger')
  assert.equal(close.parts[0]!.verdict, 'not decided by this run')
  assert.equal(close.verdict, 'not decided by this run')
  const small = claimOf(withNetwork('inception-v4', { parameters: 10 }), 'larger').parts[0]!
  assert.match(small.text, /no more parameters/)
})

test('errors no better than guessing decide nothing', () => {
  const guessing: StudyResult = { ...sample, networks: sample.networks.map(n => ({ ...n, final: final(0.95) })) }
  for (const id of ['similar', 'larger'] as const)
    for (const part of claimOf(guessing, id).parts) {
      assert.equal(part.verdict, 'not decided by this run')
      assert.match(part.text, /guessing \(95\.0 %\)/)
    }
})

test('ensemble: judged on the one with most members, paired where the counts agree', () => {
  const claim = claimOf(sample, 'ensemble')
  assert.equal(claim.verdict, 'holds')
  assert.equal(claim.parts.length, 2)
  assert.match(claim.parts[1]!.text, /paired 95 % interval/)
  assert.doesNotMatch(claim.parts[0]!.text, /paired/)
  const stale = { ...sample, paired: sample.paired!.map(p => ({ ...p, bothWrong: p.bothWrong - 5 })) }
  assert.doesNotMatch(claimOf(stale, 'ensemble').parts[1]!.text, /paired/)
})

test('paired counts serve in either order', () => {
  const swapped = sample.paired!.map(p => ({
    ...p,
    first: p.second,
    second: p.first,
    onlyFirstWrong: p.onlySecondWrong,
    onlySecondWrong: p.onlyFirstWrong,
  }))
  assert.deepEqual(claimOf({ ...sample, paired: swapped }, 'ensemble'), claimOf(sample, 'ensemble'))
})

test('an ensemble worse than its best member does not hold; one of unknown members is not decided', () => {
  const ensembles = [{ members: ['inception-v3', 'inception-resnet-v2'], ...final(0.3) }]
  assert.equal(claimOf({ ...sample, ensembles }, 'ensemble').verdict, 'does not hold')
  const strangers = [{ members: ['inception-v3', 'resnet-152'], ...final(0.1) }]
  assert.equal(claimOf({ ...sample, ensembles: strangers }, 'ensemble').verdict, 'not decided by this run')
  assert.equal(claimOf({ ...sample, ensembles: [] }, 'ensemble').verdict, 'not decided by this run')
})

test('missing networks leave their part undecided and say why', () => {
  const alone: StudyResult = { ...sample, networks: sample.networks.slice(0, 2), ensembles: [] }
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
  const name = ensembleTitle(sample, ['inception-v4', ...Array(3).fill('inception-resnet-v2')])
  assert.equal(name, 'Inception-v4 + 3 × Inception-ResNet-v2')
})

test('networks an interruption left at different epochs are not compared by their final errors', () => {
  const short = withNetwork('inception-v4', { epochs: sample.networks[2]!.epochs.slice(0, 3), final: final(0.6) })
  const interrupted = { ...short, interrupted: 'SIGINT' }
  for (const id of ['similar', 'larger'] as const) {
    const part = claimOf(interrupted, id).parts.find(p => p.subject.includes('Inception-v4'))!
    assert.equal(part.verdict, 'not decided by this run')
    assert.match(part.text, /Inception-v4 3 epochs/)
  }
  assert.equal(claimOf(short, 'larger').parts[0]!.verdict, 'does not hold')
})

import { RandomStream } from '../../src/base/random.js'
import type { InstabilityResult, InstabilityRun, InstabilitySetting, Outcome } from '../../src/study/result.js'

const noise = new RandomStream(8, 'study-sample')
const steps = 4000

function trace(until: number, outcome: Outcome, growth: number): InstabilityRun['trace'] {
  return Array.from({ length: Math.floor(until / 50) + 1 }, (_, i) => {
    const step = 50 * i
    const end = step / until
    const dead = outcome === 'died' ? end ** 6 : 0
    return {
      step,
      loss:
        outcome === 'diverged' && end === 1 ? null : 4.6 - (outcome === 'trained' ? 3 * end : 1.5 * end * (1 - end)),
      zeroShare: Math.min(1, 0.42 + 0.58 * dead + 0.01 * Math.abs(noise.normal())),
      magnitude: dead === 1 ? 0 : Math.exp(growth * end + 0.1 * noise.normal()),
      residualRatio: 0.4 * Math.exp((growth / 2) * end + 0.05 * noise.normal()),
      gradientNorm: 2 + Math.abs(noise.normal()),
    }
  })
}

function setting(
  id: string,
  title: string,
  residualScale: number,
  remedy: InstabilitySetting['remedy'],
  growth: number,
  ends: readonly (readonly [Outcome, number])[],
): InstabilitySetting {
  return {
    id,
    title,
    residualScale,
    remedy,
    runs: ends.map(([outcome, step], i) => ({
      seed: i + 1,
      outcome,
      step,
      ...(outcome === 'died' && { note: 'mixed_7c gives only zeros' }),
      ...(outcome === 'diverged' && { note: 'the loss is not finite' }),
      trace: trace(step, outcome, growth),
    })),
  }
}

/** Scale 1 fails, with and without remedies; the smaller scales train. */
export const sampleInstability: InstabilityResult = {
  network: 'inception-resnet-v2',
  title: 'Inception-ResNet-v2',
  model: '75×75 pixels, blocks 2/4/2',
  filters: 2144,
  steps,
  recipe: [
    { key: 'learning rate', value: '0.045' },
    { key: 'batch', value: '16', note: 'The paper does not say.' },
  ],
  settings: [
    setting('scale-1', 'scale 1', 1, null, 6, [
      ['died', 1150],
      ['died', 1400],
      ['diverged', 900],
    ]),
    setting('scale-0.3', 'scale 0.3', 0.3, null, 2.2, [
      ['trained', steps],
      ['trained', steps],
      ['trained', steps],
    ]),
    setting('scale-0.2', 'scale 0.2', 0.2, null, 1.6, [
      ['trained', steps],
      ['trained', steps],
      ['trained', steps],
    ]),
    setting('scale-0.1', 'scale 0.1', 0.1, null, 1, [
      ['trained', steps],
      ['trained', steps],
      ['trained', steps],
    ]),
    setting('lower-rate', 'scale 1, lower learning rate', 1, 'lower learning rate', 5, [['died', 2300]]),
    setting('extra-norm', 'scale 1, extra batch norm', 1, 'extra batch norm', 5.5, [['diverged', 1700]]),
    setting('warm-up', 'scale 1, warm-up', 1, 'warm-up', 5.8, [['died', 2900]]),
  ],
}

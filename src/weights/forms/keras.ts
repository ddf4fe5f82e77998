import { asHere, hwio, type Layout, transposed } from '../layout.js'
import { type Layers, namesJoinedBy } from '../names.js'
import type { Form } from './form.js'

const layouts: readonly (Layout | undefined)[] = [undefined, undefined, transposed, undefined, hwio]

/** A layer that was given no name is called after its class and a number; `batch_normalization_v1` is TensorFlow 1.14's. */
const numbered = /^(conv2d|batch_normalization(?:_v1)?)(?:_(\d+))?\//

/**
 * Layers of Keras by their names. Those that only have a number are counted from 1 here, in the order in which they were
 * made: files count them from 0 (`conv2d`, `conv2d_1` …), from 1, or from where an earlier model in the same process
 * ended. TensorFlow puts `:0` behind every name.
 */
export const kerasForm: Form = {
  framework: 'Keras',
  writable: false,
  layoutOf: here => layouts[here.length] ?? asHere,
  spelling(names) {
    const firsts = new Map<string, { readonly word: string; readonly first: number }>()
    for (const name of names) {
      const [, word, number = '0'] = numbered.exec(name) ?? []
      if (word === undefined) continue
      const kind = kindOf(word)
      firsts.set(kind, { word, first: Math.min(firsts.get(kind)?.first ?? Number.POSITIVE_INFINITY, Number(number)) })
    }
    const end = names.some(name => name.endsWith(':0')) ? ':0' : ''
    return {
      plain: own =>
        own.replace(/:0$/, '').replace(numbered, (_, word: string, number = '0') => {
          const kind = kindOf(word)
          return `${kind}_${Number(number) - firsts.get(kind)!.first + 1}/`
        }),
      own: plain =>
        plain.replace(numbered, (whole, kind: string, number: string) => {
          const found = firsts.get(kind)
          if (!found) return whole
          const there = Number(number) - 1 + found.first
          return `${found.word}${there === 0 ? '' : `_${there}`}/`
        }) + end,
    }
  },
  besides: name => besides.find(([beginning]) => beginning.test(name))?.[1],
}

const kindOf = (word: string): string => word.replace(/_v1$/, '')

const besides: readonly (readonly [name: RegExp, what: string])[] = [
  [/^optimizer(\/|$)/, 'slots of an optimiser'],
  [/(^|\/)seed_generator(_\d+)?\//, 'states of random numbers'],
]

export const { under, times, tensorNames } = namesJoinedBy('/')

/** The parts of a convolution without norm, and of a dense layer. */
export const plain: Layers = { weights: 'kernel', bias: 'bias' }

/** A convolution's only part beside its norm. */
export const convolution: Layers = { weights: 'kernel' }

/** A batch norm's parts; Inception's norms are made with `scale=False`, and then have no `gamma`. */
export const norm: Layers = {
  'norm.scale': 'gamma',
  'norm.shift': 'beta',
  'norm.mean': 'moving_mean',
  'norm.variance': 'moving_variance',
}

/** Convolutions with norm in the order in which they were made, from `conv2d_1` and `batch_normalization_1` on. */
export const inOrder = (units: readonly string[]): { readonly convolutions: Layers; readonly norms: Layers } => ({
  convolutions: Object.fromEntries(units.map((ours, i) => [ours, `conv2d_${i + 1}`])),
  norms: Object.fromEntries(units.map((ours, i) => [ours, `batch_normalization_${i + 1}`])),
})

import { colourOf, dashes, lightInk, type SeriesStyle } from './palette.js'

/** A place in a drawing, in its units. */
export interface Place {
  readonly x: number
  readonly y: number
}

export const round = (value: number): string => `${Math.round(value * 100) / 100}`

/** A curve through `at`, without markers; nothing for fewer than two places. */
export function stroke(at: readonly Place[], style: SeriesStyle): string {
  if (at.length < 2) return ''
  const path = at.map((p, i) => `${i === 0 ? 'M' : 'L'}${round(p.x)} ${round(p.y)}`).join('')
  const dash = dashes[style.dash]
  return `<path class="c${style.colour}" d="${path}" fill="none" stroke="${colourOf(style)}" stroke-width="2" stroke-linejoin="round" stroke-linecap="round"${dash && ` stroke-dasharray="${dash}"`}/>`
}

export function marker({ x, y }: Place, style: SeriesStyle): string {
  const shape = {
    circle: `<circle cx="${round(x)}" cy="${round(y)}" r="3.4"`,
    square: `<rect x="${round(x - 3.1)}" y="${round(y - 3.1)}" width="6.2" height="6.2"`,
    triangle: `<path d="M${round(x)} ${round(y - 4.2)}l4 7h-8z"`,
    diamond: `<path d="M${round(x)} ${round(y - 4.5)}l4.5 4.5l-4.5 4.5l-4.5 -4.5z"`,
  }[style.marker]
  const hollow = style.dash !== 'solid'
  const colour = colourOf(style)
  return `${shape} class="m${style.colour}${hollow ? ' hollow' : ''}" fill="${hollow ? lightInk.paper : colour}" stroke="${colour}" stroke-width="1.5"/>`
}

/** A length of curve with one marker, 30 units wide from `x` on: the key of a legend. */
export const key = (x: number, y: number, style: SeriesStyle): string =>
  stroke(
    [
      { x, y },
      { x: x + 30, y },
    ],
    style,
  ) + marker({ x: x + 15, y }, style)

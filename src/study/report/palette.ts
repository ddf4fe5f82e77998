/** How one curve is drawn. Colour, dash and marker each tell the curves apart alone. */
export interface SeriesStyle {
  /** Index of the colour, 0 … 7; also the class `c0` … `c7` a page's style sheet may recolour. */
  readonly colour: number
  readonly dash: Dash
  readonly marker: Marker
}

export type Dash = 'solid' | 'dashed' | 'dotted' | 'dash-dotted'
export type Marker = 'circle' | 'square' | 'triangle' | 'diamond'

/**
 * Colours on white that stay apart under the common colour deficiencies (darkened from Okabe and Ito's palette, so that
 * they also pass as text), and their counterparts on a dark page.
 */
export const lightColours = [
  '#b04a00',
  '#00609c',
  '#96306c',
  '#00704f',
  '#6b5900',
  '#4a4a8f',
  '#8c1f1f',
  '#456400',
] as const
export const darkColours = [
  '#f59a5c',
  '#6bbcf2',
  '#eaa0cb',
  '#4fcf9f',
  '#d9c25a',
  '#b3b0f2',
  '#ff9a94',
  '#a9cf63',
] as const

export const lightInk = {
  text: '#2a2a28',
  soft: '#63635e',
  line: '#dcdcd6',
  axis: '#8a8a84',
  paper: '#ffffff',
} as const

export const colourOf = (style: SeriesStyle): string => lightColours[style.colour % lightColours.length]!

export const dashes: Readonly<Record<Dash, string>> = {
  solid: '',
  dashed: '7 4',
  dotted: '1.5 4',
  'dash-dotted': '9 4 1.5 4',
}

const styles: Readonly<Record<string, SeriesStyle>> = {
  'inception-v3': { colour: 0, dash: 'dashed', marker: 'square' },
  'inception-resnet-v1': { colour: 1, dash: 'solid', marker: 'circle' },
  'inception-v4': { colour: 2, dash: 'dash-dotted', marker: 'diamond' },
  'inception-resnet-v2': { colour: 3, dash: 'solid', marker: 'triangle' },
}

/** The style of a network's curve, the same in every figure; networks that the paper does not draw get what is left. */
export const styleOfNetwork = (id: string, index: number): SeriesStyle =>
  (Object.hasOwn(styles, id) ? styles[id] : undefined) ?? {
    colour: 4 + (index % 4),
    dash: 'dotted',
    marker: index % 2 === 0 ? 'square' : 'circle',
  }

const markers: readonly Marker[] = ['circle', 'square', 'triangle', 'diamond']

/** The style of the curve at a place in a list. */
export const styleAt = (index: number): SeriesStyle => ({
  colour: index % lightColours.length,
  dash: (['solid', 'dashed', 'dash-dotted', 'dotted'] as const)[index % 4]!,
  marker: markers[(index + Math.floor(index / 4)) % 4]!,
})

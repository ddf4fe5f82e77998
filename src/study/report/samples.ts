import { formatPercent } from '../../base/format.js'
import { type NetworkResult, type Sample, type StudyResult, shortTitle } from '../result.js'
import { escapeProse, escapeText } from './markup.js'

/** Validation images with what each network says of them; right and wrong are marked by sign and word. */
export const samplesHtml = (result: StudyResult): string =>
  `<div class="samples">${result.samples.map(sample => sampleHtml(sample, result.networks)).join('')}</div>` +
  '<p class="note">✓ right, ✗ wrong: each network’s most probable class, and under it the next ones. First seed, single crop.</p>'

function sampleHtml({ picture, name, label, predictions }: Sample, networks: readonly NetworkResult[]): string {
  const rows = predictions.map(({ network, best: [first, ...others] }) => {
    const known = networks.find(n => n.network === network)
    const title = known ? shortTitle(known) : network
    if (!first) return `<tr><th scope="row">${escapeText(title)}</th><td>no answer</td><td></td></tr>`
    const right = first.label === label
    const next = others.map(each => `${each.label} ${formatPercent(each.probability)}`).join(', ')
    return (
      `<tr><th scope="row">${escapeText(title)}</th>` +
      `<td><span class="${right ? 'good' : 'bad'}"><span aria-hidden="true">${right ? '✓' : '✗'}</span><span class="unseen">${right ? 'right' : 'wrong'}:</span> ${escapeText(first.label)}</span>${next && `<small>${escapeProse(next)}</small>`}</td>` +
      `<td class="number">${formatPercent(first.probability)}</td></tr>`
    )
  })
  return (
    `<article class="sample"><header>${pictureHtml(picture, label)}<div><h3>${escapeText(label)}</h3>` +
    `<p class="name">${escapeText(name)}</p></div></header><table>${rows.join('')}</table></article>`
  )
}

/** Only a bitmap in the file itself: the report asks for nothing else. */
const pictureHtml = (picture: string, label: string): string =>
  /^data:image\/(?:png|jpeg|webp|gif);base64,[A-Za-z0-9+/=]+$/.test(picture)
    ? `<img src="${picture}" alt="${escapeText(label)}">`
    : '<div class="blank">no picture</div>'

/**
 * What makes the charts of a page answer: legend entries switch their series, and pointing at a chart, touching it or
 * moving through it with the arrow keys reads the values of every visible series. Plain JavaScript for the browser; it
 * only ever writes text, never markup.
 */
export const script = `
'use strict'
document.documentElement.classList.add('live')
for (const figure of document.querySelectorAll('.plots')) {
  const hidden = new Set()
  const charts = [...figure.querySelectorAll('.chart')].map(box => chartIn(box, hidden))
  for (const button of figure.querySelectorAll('.legend button'))
    button.addEventListener('click', () => {
      const series = Number(button.dataset.series)
      const shown = hidden.delete(series)
      if (!shown) hidden.add(series)
      button.setAttribute('aria-pressed', String(shown))
      for (const chart of charts) chart?.refresh()
    })
}

function chartIn(box, hidden) {
  const svg = box.querySelector('svg[data-readout]')
  if (!svg) return undefined
  const { plot, series } = JSON.parse(svg.dataset.readout)
  const units = svg.viewBox.baseVal
  const cross = document.createElementNS('http://www.w3.org/2000/svg', 'line')
  cross.setAttribute('class', 'cross')
  cross.setAttribute('y1', plot.top)
  cross.setAttribute('y2', plot.bottom)
  const output = document.createElement('output')
  output.className = 'readout'
  output.hidden = true
  box.append(output)
  box.tabIndex = 0
  box.setAttribute('role', 'group')
  box.setAttribute('aria-label', svg.getAttribute('aria-label') + '. Left and right arrow keys read values.')
  let at

  const visible = () => series.filter((_, i) => !hidden.has(i))
  const nearest = (points, x) =>
    points.reduce((best, point) => (!best || Math.abs(point[0] - x) < Math.abs(best[0] - x) ? point : best), undefined)
  const places = () => [...new Set(visible().flatMap(s => s.points.map(point => point[0])))].sort((a, b) => a - b)

  function read(x) {
    const known = nearest(places().map(p => [p]), x)
    if (!known) return clear()
    at = known[0]
    cross.setAttribute('x1', at)
    cross.setAttribute('x2', at)
    svg.append(cross)
    const reach = (plot.right - plot.left) / 12
    const rows = visible().flatMap(s => {
      const point = nearest(s.points, at)
      return point && Math.abs(point[0] - at) <= reach ? [[s, point]] : []
    })
    const same = rows.every(([, point]) => point[2] === rows[0][1][2])
    output.replaceChildren(...(same ? [line('b', rows[0][1][2])] : []), ...rows.map(([s, point]) => row(s, point, same)))
    output.hidden = false
    place(output)
  }

  // In the corner of the plot where it hides the fewest points.
  function place(element) {
    const unit = units.width / svg.getBoundingClientRect().width
    const [width, height] = [element.offsetWidth * unit, element.offsetHeight * unit]
    const right = units.width - width - 6
    const low = plot.bottom - height - 6
    const corners = [[right, plot.top], [plot.left + 6, plot.top], [plot.left + 6, low], [right, low]]
    const points = visible().flatMap(s => s.points)
    const hides = ([x, y]) =>
      points.filter(([px, py]) => px > x - 4 && px < x + width + 4 && py > y - 4 && py < y + height + 4).length +
      (at > x - 6 && at < x + width + 6 ? points.length / 20 : 0)
    const [x, y] = corners.reduce((best, corner) => (hides(corner) < hides(best) ? corner : best))
    element.style.left = svg.getBoundingClientRect().left - box.getBoundingClientRect().left + x / unit + 'px'
    element.style.top = svg.getBoundingClientRect().top - box.getBoundingClientRect().top + y / unit + 'px'
  }

  function row(s, point, same) {
    const element = line('span', '')
    const swatch = document.createElement('i')
    swatch.className = 'k' + s.colour
    element.append(swatch, s.label + ' ', line('b', point[3]), ' ' + point[4] + (same ? '' : ' at ' + point[2]))
    return element
  }

  function clear() {
    at = undefined
    cross.remove()
    output.hidden = true
  }

  const fromPointer = event => {
    const frame = svg.getBoundingClientRect()
    read(((event.clientX - frame.left) / frame.width) * units.width)
  }
  svg.addEventListener('pointerdown', fromPointer)
  svg.addEventListener('pointermove', fromPointer)
  svg.addEventListener('pointerleave', event => event.pointerType === 'mouse' && clear())
  box.addEventListener('blur', clear)
  box.addEventListener('keydown', event => {
    const known = places()
    const last = known.length - 1
    const here = at === undefined ? -1 : known.indexOf(at)
    const next = { ArrowRight: Math.min(last, here + 1), ArrowLeft: here < 0 ? last : Math.max(0, here - 1), Home: 0, End: last }[event.key]
    if (event.key === 'Escape') clear()
    if (next === undefined || last < 0) return
    event.preventDefault()
    read(known[next])
  })
  return {
    refresh() {
      for (const group of svg.querySelectorAll('g[data-series]'))
        group.toggleAttribute('hidden', hidden.has(Number(group.dataset.series)))
      if (at !== undefined) read(at)
    },
  }
}

function line(tag, text) {
  const element = document.createElement(tag)
  element.textContent = text
  return element
}
`

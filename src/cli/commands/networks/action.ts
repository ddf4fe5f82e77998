import { formatCount, formatSi, formatTable } from '../../../base/format.js'
import { networks } from '../../../networks/networks.js'
import { summarise } from '../../../networks/summary.js'
import { publishedColumns } from '../../../nn/network.js'
import type { Flags } from '../networks.js'

export function listNetworks({ json }: Flags): void {
  const rows = networks.map(network => {
    const { parameters, multiplyAdds } = summarise({
      network: network.id,
      classes: publishedColumns(network),
      size: network.size,
      width: 1,
      normScale: true,
    })
    const { id, title, source, size, embedding, published } = network
    return { id, title, source, size, embedding, parameters, multiplyAdds, published }
  })
  if (json) {
    console.log(JSON.stringify(rows, undefined, 2))
    return
  }
  const header = ['network', 'size', 'parameters', 'multiply-adds', 'top-1', 'top-5', 'defined in']
  const cells = rows.map(row => [
    row.id,
    `${row.size}`,
    formatCount(row.parameters),
    formatSi(row.multiplyAdds),
    percent(row.published?.top1),
    percent(row.published?.top5),
    row.source,
  ])
  console.log(formatTable(header, cells))
  console.log('\nErrors are the published single-crop ones on ImageNet. A network without gives an embedding.')
}

const percent = (error: number | undefined) => (error === undefined ? '' : `${error} %`)

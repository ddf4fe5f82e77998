import { crc32, deflateSync } from 'node:zlib'

/** A picture of one colour with a lighter disc, as a PNG of 32×32 pixels. */
export function pictureOf(red: number, green: number, blue: number): string {
  const rows = Array.from({ length: 32 }, (_, y) => [
    0,
    ...Array.from({ length: 32 }, (_, x) => {
      const light = (x - 15.5) ** 2 + (y - 15.5) ** 2 < 100 ? 1.6 : 0.8
      return [red, green, blue].map(c => Math.min(255, Math.round(c * light)))
    }).flat(),
  ])
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, sum])
  }
  const header = Buffer.from([0, 0, 0, 32, 0, 0, 0, 32, 8, 2, 0, 0, 0])
  const png = Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.from(rows.flat()))),
    chunk('IEND', Buffer.alloc(0)),
  ])
  return `data:image/png;base64,${png.toString('base64')}`
}

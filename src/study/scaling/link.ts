import type { Link } from './prediction.js'

/** Of TCP between two machines of one switch, program to program. */
const usualLatency = 30e-6

const units: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, g: 1e9, t: 1e12 }

/** Reads '10Gbps', '25Gb/s' or '1Gbps,200us': a speed, and what a message takes at least. Undefined where it is neither. */
export function parseLink(text: string): Link | undefined {
  const found = /^(\d+(?:\.\d+)?)\s*([kmgt])b(?:ps|it\/s|\/s)(?:,\s*(\d+(?:\.\d+)?)\s*(us|ms))?$/i.exec(text.trim())
  if (!found) return undefined
  const [, speed, unit, latency, of] = found
  const bitsPerSecond = Number(speed) * units[unit!.toLowerCase()]!
  if (bitsPerSecond === 0) return undefined
  const latencySeconds =
    latency === undefined ? usualLatency : Number(latency) * (of!.toLowerCase() === 'ms' ? 1e-3 : 1e-6)
  return { bitsPerSecond, latencySeconds }
}

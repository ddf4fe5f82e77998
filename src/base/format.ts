/** 55843464 → "55,843,464". Not by the system's locales, which take longer to load than most commands have to print. */
export const formatCount = (n: number): string => `${Math.round(n)}`.replace(/\B(?=(\d{3})+$)/g, ',')

/** 13155794016 → "13.16 G". Three or four significant digits with an SI prefix. */
export function formatSi(n: number): string {
  for (const [limit, prefix] of [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const)
    if (Math.abs(n) >= limit) return `${(n / limit).toFixed(2)} ${prefix}`
  return `${Math.round(n * 100) / 100}`
}

/** Bytes in binary units: 2362232012 → "2.20 GiB". */
export function formatBytes(n: number): string {
  for (const [power, unit] of [
    [40, 'TiB'],
    [30, 'GiB'],
    [20, 'MiB'],
    [10, 'KiB'],
  ] as const)
    if (n >= 2 ** power) return `${(n / 2 ** power).toFixed(2)} ${unit}`
  return `${n} B`
}

/** Seconds as "48 s", "3 min 07 s" or "2 h 05 min". */
export function formatDuration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds))
  const two = (n: number) => String(n).padStart(2, '0')
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`
  return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`
}

/** As {@link formatDuration}, or days where it is many: "57 days". */
export function formatDays(seconds: number): string {
  const days = seconds / 86_400
  return days < 3 ? formatDuration(seconds) : `${formatCount(days)} days`
}

/** A fraction as a percentage with one decimal: 0.2134 → "21.3 %". */
export const formatPercent = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`

/** Rows under a header as text columns; columns whose every cell starts like a number are right-aligned. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((h, i) => Math.max(h.length, ...rows.map(r => r[i]?.length ?? 0)))
  const numeric = header.map((_, i) => rows.every(r => /^([-–]?[\d.]|—?$)/.test(r[i] ?? '')))
  const line = (cells: readonly string[]) => {
    const padded = cells.map((c, i) => (numeric[i] ? c.padStart(widths[i]!) : c.padEnd(widths[i]!)))
    return padded.join('  ').trimEnd()
  }
  return [line(header), widths.map(w => '─'.repeat(w)).join('  '), ...rows.map(line)].join('\n')
}

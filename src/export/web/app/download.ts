import type { PageFile } from '../description.js'

const nameOf = (url: URL): string => url.pathname.split('/').at(-1)!

/** Errors: in words for the page's reader. */
async function request(url: URL): Promise<Response> {
  const name = nameOf(url)
  const response = await fetch(url).catch(() => {
    throw new Error(`${name} could not be loaded: the server does not answer`)
  })
  if (!response.ok) throw new Error(`${name} could not be loaded: the server answers ${response.status}`)
  return response
}

/** The value of a JSON file. Errors: in words for the page's reader. */
export async function downloadJson<T>(url: URL): Promise<T> {
  const response = await request(url)
  try {
    return (await response.json()) as T
  } catch {
    throw new Error(`${nameOf(url)} on this server is damaged: upload it again`)
  }
}

/**
 * The bytes of files, in their order; `onProgress` is told how many are there of how many. Errors: in words for the page's
 * reader, also where a file has another length than it should.
 */
export async function downloadAll(
  base: string,
  files: readonly PageFile[],
  onProgress: (loaded: number, total: number) => void,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  let loaded = 0
  onProgress(loaded, total)
  return Promise.all(files.map(file => download(base, file, length => onProgress((loaded += length), total))))
}

async function download(base: string, { name, bytes }: PageFile, onPiece: (length: number) => void) {
  const { body } = await request(new URL(name, base))
  const reader = body!.getReader()
  const whole = new Uint8Array(bytes)
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    if (length + value.length <= bytes) whole.set(value, length)
    length += value.length
    onPiece(value.length)
  }
  if (length !== bytes)
    throw new Error(`${name} has ${length} bytes on this server and should have ${bytes}: upload it again`)
  return whole
}

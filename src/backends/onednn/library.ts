import os from 'node:os'
import koffi from 'koffi'
import { UserError } from '../../base/error.js'

/** An opaque handle or address of the C side. Addresses fit a double: user space ends below 2⁵³. */
export type Handle = number & { readonly brand: 'handle' }

export type CArgument = number | ArrayBufferView | null

/** Functions of the C library by names of ours. */
export type Functions<Signatures> = Readonly<Record<keyof Signatures, (...args: CArgument[]) => number>>

/** oneDNN, loaded. */
export interface Library {
  /** For example '2.6.3'. */
  readonly version: string
  readonly major: 2 | 3
  /** The functions that these C prototypes declare. */
  bind<const Signatures extends Readonly<Record<string, string>>>(signatures: Signatures): Functions<Signatures>
}

/** Why the library could not be used, in words for the user. */
export interface Missing {
  readonly reason: string
}

/** Names that the dynamic linker may know, the newest version first. Debian 13 names version 3 by a minor number. */
const candidates: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ['libdnnl.so.3', 'libdnnl.so.3.6', 'libdnnl.so.2'],
  darwin: ['libdnnl.3.dylib', 'libdnnl.2.dylib'],
}

let loaded: Library | Missing | undefined

/** Loads oneDNN once and keeps it for the life of the process. Throws where INCEPTION_ONEDNN names what is no use. */
export function loadLibrary(): Library | Missing {
  loaded ??= findLibrary(process.env.INCEPTION_ONEDNN)
  return loaded
}

/** The library of this name or file, or else the first candidate that can be used. */
export function findLibrary(named: string | undefined): Library | Missing {
  // libgomp reads this when it is loaded. Its default, spinning, makes a step 25 times slower as soon as another
  // process wants one of the cores.
  process.env.OMP_WAIT_POLICY ??= 'passive'
  if (named) {
    const library = load(named)
    if (!('reason' in library)) return library
    throw new UserError(
      `INCEPTION_ONEDNN names no usable oneDNN: ${library.reason}; name a file or a library of version 2.6 to 3, or unset it`,
    )
  }
  const names = candidates[os.platform()]
  if (!names) return { reason: `oneDNN is not looked for on ${os.platform()}; INCEPTION_ONEDNN may name its file` }
  const reasons: string[] = []
  for (const name of names) {
    const library = load(name)
    if (!('reason' in library)) return library
    reasons.push(library.reason)
  }
  return { reason: reasons.join('; ') }
}

function load(name: string): Library | Missing {
  let lib: ReturnType<typeof koffi.load>
  try {
    lib = koffi.load(name)
  } catch (error) {
    return { reason: `the dynamic linker cannot load ${name} (${firstLine(error)})` }
  }
  let version: [number, number, number]
  try {
    version = koffi.decode(lib.func('void* dnnl_version()')(), koffi.array('int', 3)) as [number, number, number]
  } catch {
    return { reason: `${name} is not oneDNN: it has no dnnl_version` }
  }
  const [major, minor] = version
  if (isSupported(major, minor)) {
    pin(name)
    return {
      version: version.join('.'),
      major: major === 3 ? 3 : 2,
      bind: signatures =>
        Object.fromEntries(
          Object.entries(signatures).map(([key, prototype]) => [key, lib.func(prototype)]),
        ) as unknown as Functions<typeof signatures>,
    }
  }
  return { reason: `${name} is oneDNN ${version.join('.')}, and 2.6 or later, but no 4, is needed` }
}

export const isSupported = (major: number, minor: number): boolean => major === 3 || (major === 2 && minor >= 6)

/**
 * Opens the library so that it is never unmapped: its OpenMP threads outlive koffi's handle at exit, and code that
 * vanishes under a running thread ends the process with a segmentation fault.
 */
function pin(name: string) {
  const [now, nodelete] = os.platform() === 'darwin' ? [0x2, 0x80] : [0x2, 0x1000]
  const dlopen = koffi.load(null).func('void* dlopen(const char*, int)')
  if (!dlopen(name, now | nodelete)) throw new Error(`cannot open ${name} again`)
}

const firstLine = (error: unknown) => (error instanceof Error ? error.message : String(error)).split('\n')[0]

/** Where a buffer's bytes are. The buffer must stay reachable for as long as the address is used. */
export const addressOf = (view: ArrayBufferView): Handle => Number(koffi.address(view)) as Handle

/** Copies `bytes` bytes from an address of the C side. */
export function copyFrom(address: number, bytes: number): Uint8Array {
  return Uint8Array.from(koffi.decode(BigInt(address), koffi.array('uint8_t', bytes, 'Typed')) as Uint8Array)
}

/** The text at a C string's address. */
export const textAt = (address: number): string => koffi.decode(BigInt(address), 'char', -1) as string

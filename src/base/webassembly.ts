// The part of the WebAssembly API used here: TypeScript declares it only along with the browser's globals.

export interface WasmModule {
  readonly [Symbol.toStringTag]: 'WebAssembly.Module'
}

/** A memory made with `shared: true`. */
export interface ThreadMemory {
  readonly buffer: SharedArrayBuffer
  grow(pages: number): number
}

/** A memory that an instance made for itself. Growing it detaches the buffer it had before. */
export interface OwnMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

/** Bytes of one of the pages that a memory grows by. */
export const wasmPage = 65536

interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => WasmModule
  readonly Memory: new (size: { initial: number; maximum: number; shared: true }) => ThreadMemory
  readonly Instance: new (
    module: WasmModule,
    imports?: { env: { memory: ThreadMemory } },
  ) => { readonly exports: Readonly<Record<string, unknown>> }
  readonly Global: new (type: { value: 'i32' }, value: number) => { readonly value: unknown }
}

export const webAssembly = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly

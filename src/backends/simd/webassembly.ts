// The part of the WebAssembly API used here: TypeScript declares it only along with the browser's globals.

export interface WasmModule {
  readonly [Symbol.toStringTag]: 'WebAssembly.Module'
}

/** A memory made with `shared: true`. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer
  grow(pages: number): number
}

interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => WasmModule
  readonly Memory: new (size: { initial: number; maximum: number; shared: true }) => SharedMemory
  readonly Instance: new (
    module: WasmModule,
    imports: { env: { memory: SharedMemory } },
  ) => { readonly exports: Readonly<Record<string, unknown>> }
  readonly Global: new (type: { value: 'i32' }, value: number) => { readonly value: unknown }
}

export const webAssembly = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly

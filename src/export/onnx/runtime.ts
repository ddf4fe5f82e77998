import { readFileSync } from 'node:fs'
import type * as Ort from 'onnxruntime-web'
import { UserError } from '../../base/error.js'
import { type Shape, sizeOf } from '../../base/shape.js'

/** Numbers that go in. */
export interface Fed {
  readonly shape: Shape
  readonly data: Float32Array
}

/** A model that ONNX Runtime has loaded. */
export interface OnnxSession extends AsyncDisposable {
  readonly outputs: readonly string[]
  /** All outputs, or those `wanted`, by name; 32-bit floating-point numbers. */
  run(inputs: Readonly<Record<string, Fed>>, wanted?: readonly string[]): Promise<ReadonlyMap<string, Float32Array>>
}

export interface OnnxRuntime {
  /** 'ONNX Runtime 1.30.0 (onnxruntime-node)' */
  readonly title: string
  /** Errors: UserError where ONNX Runtime does not take the model. */
  open(file: string): Promise<OnnxSession>
}

/**
 * ONNX Runtime: the native one where onnxruntime-node is installed, else the WebAssembly of onnxruntime-web. Loaded when
 * it is asked for, since nothing but an export needs it.
 */
export async function loadOnnxRuntime(threads: number): Promise<OnnxRuntime> {
  const native = await import('onnxruntime-node').catch(notInstalled)
  return native ? runtimeOf(native, 'onnxruntime-node', threads) : await loadWebAssembly(threads)
}

/** The WebAssembly of ONNX Runtime, as browsers run it. */
export async function loadWebAssembly(threads: number): Promise<OnnxRuntime> {
  const web = await import('onnxruntime-web')
  web.env.wasm.numThreads = threads
  return runtimeOf(web, 'onnxruntime-web', threads)
}

/** It is a development dependency, and has no build for some systems. */
function notInstalled(error: unknown): undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND' || code === 'ERR_DLOPEN_FAILED') return undefined
  throw error
}

type Api = Pick<typeof Ort, 'InferenceSession' | 'Tensor' | 'env'>

function runtimeOf({ InferenceSession, Tensor, env }: Api, library: string, threads: number): OnnxRuntime {
  const title = `ONNX Runtime ${env.versions.common} (${library})`
  const options = { intraOpNumThreads: threads, logSeverityLevel: 3 } as const
  const refuse = (doing: string, error: unknown): never => {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new UserError(`${title} cannot ${doing}: ${reason}`, 1, { cause: error })
  }
  return {
    title,
    async open(file) {
      // The WebAssembly has no file system of its own.
      const model = library === 'onnxruntime-web' ? readFileSync(file) : file
      const session = await InferenceSession.create(model as string, options).catch(error =>
        refuse(`load ${file}`, error),
      )
      return {
        outputs: session.outputNames,
        async run(inputs, wanted = session.outputNames) {
          const feeds = Object.fromEntries(
            Object.entries(inputs).map(([name, { data, shape }]) => {
              if (data.length !== sizeOf(shape)) throw new RangeError(`${name} has ${data.length} numbers`)
              return [name, new Tensor('float32', data, shape)]
            }),
          )
          const made = await session.run(feeds, wanted).catch(error => refuse(`run ${file}`, error))
          return new Map(wanted.map(name => [name, made[name]!.data as Float32Array]))
        },
        [Symbol.asyncDispose]: () => session.release(),
      }
    },
  }
}

import { nearest, UserError } from '../base/error.js'
import type { Shape } from '../base/shape.js'
import { type FileCalls, systemCalls, writeAtomically } from './atomic-file.js'
import { quote } from './header-json.js'
import { InputFile } from './input-file.js'
import {
  encodeHeader,
  layOut,
  mostHeaderBytes,
  parseHeader,
  type SafetensorsHeader,
  type TensorInfo,
  type TensorType,
} from './safetensors-header.js'

/**
 * A safetensors file open for reading. Only its header is in memory; each tensor is read when asked for, so the file may
 * be larger than the memory.
 */
export class SafetensorsFile implements Disposable {
  readonly path: string
  /** Every tensor by its name, in the order of the data. */
  readonly tensors: ReadonlyMap<string, TensorInfo>
  readonly metadata: ReadonlyMap<string, string>
  readonly #input: InputFile
  readonly #dataStart: number

  constructor(input: InputFile, header: SafetensorsHeader, dataStart: number) {
    this.path = input.path
    this.tensors = header.tensors
    this.metadata = header.metadata
    this.#input = input
    this.#dataStart = dataStart
  }

  /**
   * The bytes of one tensor, little-endian, at the start of memory of their own, so that a typed array can be laid over
   * them: `new Float32Array(file.read(name).buffer)`. Errors: `UserError` when there is no such tensor.
   */
  read(name: string): Uint8Array<ArrayBuffer> {
    const { begin, length } = this.info(name)
    return this.#input.read(this.#dataStart + begin, length)
  }

  /** Fills `target`, which must have its size, with the bytes of one tensor. Errors: as `read`. */
  readInto(name: string, target: Uint8Array): void {
    const { begin, length } = this.info(name)
    if (target.length !== length) throw new RangeError(`${target.length} bytes for the ${length} of ${quote(name)}`)
    this.#input.readInto(target, this.#dataStart + begin)
  }

  /** Type, shape and place of one tensor. Errors: `UserError` when there is no such tensor. */
  info(name: string): TensorInfo {
    const info = this.tensors.get(name)
    if (info !== undefined) return info
    const close = nearest(name, [...this.tensors.keys()])
    const hint = close === undefined ? `it has ${this.tensors.size} others` : `did you mean ${quote(close)}?`
    throw new UserError(`${this.path} has no tensor ${quote(name)}: ${hint}`)
  }

  /** The whole file from its first byte, in pieces; each piece is the same memory again. */
  pieces(): Generator<Uint8Array> {
    return this.#input.pieces()
  }

  close(): void {
    this.#input.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** Opens a safetensors file and checks its whole header. Errors: `UserError` naming the file and what is wrong with it. */
export function openSafetensors(path: string): SafetensorsFile {
  const input = new InputFile(path)
  try {
    if (input.size < 8)
      throw new UserError(`${path} is not a valid safetensors file: it has only ${input.size} bytes; get it again`)
    const length = new DataView(input.read(0, 8).buffer).getBigUint64(0, true)
    if (length > mostHeaderBytes || length > input.size - 8)
      throw new UserError(
        `${path} is not a valid safetensors file: its header claims ${length} bytes of the file's ${input.size}; get it again`,
      )
    const dataStart = 8 + Number(length)
    return new SafetensorsFile(
      input,
      parseHeader(input.read(8, Number(length)), input.size - dataStart, path),
      dataStart,
    )
  } catch (error) {
    input.close()
    throw error
  }
}

/** A tensor to be written; `bytes` is called once, when it is its turn, and gives its elements little-endian. */
export interface TensorSource {
  readonly name: string
  readonly dtype: TensorType
  readonly shape: Shape
  bytes(): Uint8Array
}

/**
 * Writes a safetensors file atomically (see `writeAtomically`), holding one tensor's bytes at a time.
 * Errors: `UserError` when the file cannot be written.
 */
export function writeSafetensors(
  path: string,
  tensors: Iterable<TensorSource>,
  metadata: Readonly<Record<string, string>> = {},
  calls: FileCalls = systemCalls,
): void {
  const placed = layOut(tensors)
  const header = encodeHeader(
    placed.map(tensor => tensor.info),
    metadata,
    path,
  )
  writeAtomically(
    path,
    out => {
      out.append(header)
      for (const { info, source } of placed) out.append(bytesOf(source, info))
    },
    calls,
  )
}

/** The tensor's bytes, checked against the place it was given. */
export function bytesOf(source: TensorSource, info: TensorInfo): Uint8Array {
  const bytes = source.bytes()
  if (bytes.length !== info.length)
    throw new Error(`tensor ${quote(info.name)} gave ${bytes.length} bytes where its shape needs ${info.length}`)
  return bytes
}

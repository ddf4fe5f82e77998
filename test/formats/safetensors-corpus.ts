import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openSafetensors, writeSafetensors } from '../../src/formats/safetensors.js'
import type { DamagedFiles } from './damaged-files.js'

export function damagedSafetensors(): DamagedFiles {
  const tensor = (name: string, shape: readonly number[]) => {
    const bytes = () => new Uint8Array(4 * shape.reduce((n, length) => n * length, 1)).fill(1)
    return { name, dtype: 'F32', shape, bytes } as const
  }
  const files = [
    { tensors: [tensor('conv.weight', [2, 3, 1, 1]), tensor('bn.bias', [2]), tensor('step', [])], metadata: {} },
    { tensors: [tensor('a', [0]), tensor('\u00e4"\\', [1, 2])], metadata: { format: 'pt', note: 'text\n' } },
    { tensors: [], metadata: { only: 'this' } },
  ]
  return {
    originals: files.map(({ tensors, metadata }) => written(file => writeSafetensors(file, tensors, metadata))),
    ending: '.safetensors',
    read(file) {
      using opened = openSafetensors(file)
      for (const name of opened.tensors.keys()) opened.read(name)
    },
  }
}

function written(write: (file: string) => void): Buffer {
  const folder = mkdtempSync(path.join(tmpdir(), 'sound-'))
  try {
    const file = path.join(folder, 'file')
    write(file)
    return readFileSync(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

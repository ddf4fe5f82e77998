import path from 'node:path'
import { root } from '../root.js'
import type { Material } from './material.js'
import { askPeer, type Contestant, sampleOf, type Task } from './peer.js'

const compiled = path.join(root, 'dist/bench/peers')

/** ONNX Runtime in f32 (bench/peers/onnxruntime.ts). */
export const onnxRuntime = (material: Material): Contestant => ({
  title: 'ONNX Runtime, f32',
  async run(task) {
    const onnx = await material.onnx(task.network, task.batch, task.threads)
    return inNode('onnxruntime.js', task, material, ['--onnx', onnx])
  },
})

/** TensorFlow.js's wasm backend in f32 (bench/peers/tfjs.ts). */
export const tfjs = (material: Material): Contestant => ({
  title: 'TensorFlow.js wasm, f32',
  run: task => inNode('tfjs.js', task, material, []),
})

async function inNode(program: string, task: Task, material: Material, more: readonly string[]) {
  const { work, network, batch, threads, warmup, runs } = task
  const options = { model: material.described(network), batch, threads, warmup, runs }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`])
  return sampleOf(await askPeer(process.execPath, [path.join(compiled, program), work, ...args, ...more], threads))
}

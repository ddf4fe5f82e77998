// ONNX Runtime as a peer: a model that torch_peer.py exported, with every optimisation on.
//     node dist/bench/peers/onnxruntime.js infer --model DIR --onnx FILE --batch 8 --threads 2
import { load, runProgram } from './program.js'

await runProgram(async ({ onnx, threads }) => {
  const { InferenceSession, Tensor, env } = await load('onnxruntime-node', () => import('onnxruntime-node'))
  const session = await InferenceSession.create(onnx!, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  })
  return {
    versions: { 'ONNX Runtime': env.versions.node ?? env.versions.common },
    feed({ data, shape }) {
      const images = new Tensor('float32', data, shape)
      return async () => (await session.run({ images })).logits!.data as Float32Array
    },
  }
})

/** Values of oneDNN 2's enumerations and macros (dnnl_types.h), under its own names. */
export const prop = { forwardTraining: 64, forwardInference: 96, backward: 128, backwardData: 160 } as const
export const dataType = { bf16: 2, f32: 3, s32: 4, u8: 6 } as const
export const alg = {
  convolutionDirect: 1,
  convolutionAuto: 3,
  relu: 31,
  reluUseDst: 256,
  linear: 127,
  poolingMax: 511,
  poolingAvgIncludePadding: 767,
  poolingAvgExcludePadding: 1023,
  binaryAdd: 131056,
} as const
export const tag = { any: 1, a: 2, ab: 3, ba: 22, abcd: 5, acdb: 20, abcde: 7, aBcd16b: 69 } as const
export const normFlag = { useGlobalStats: 1, fuseNormRelu: 4, useScale: 8, useShift: 16 } as const
export const query = {
  implementation: 8,
  src: 129,
  diffSrc: 130,
  weights: 131,
  diffWeights: 132,
  dst: 133,
  diffDst: 134,
  workspace: 135,
  scratchpad: 136,
} as const
export const arg = {
  src: 1,
  src1: 2,
  dst: 17,
  weights: 33,
  bias: 41,
  mean: 49,
  variance: 50,
  scale: 51,
  shift: 52,
  workspace: 64,
  scratchpad: 80,
  diffSrc: 129,
  diffDst: 145,
  diffWeights: 161,
  diffBias: 169,
  diffScale: 255,
  diffShift: 256,
  multipleSrc: 1024,
} as const

/** Bytes of dnnl_memory_desc_t and dnnl_exec_arg_t; a bound on every operation descriptor. */
export const bytesOf = { memoryDesc: 696, execArg: 16, operationDesc: 8192 } as const

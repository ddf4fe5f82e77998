import type { Constants } from './versions.js'

/** Values of oneDNN 3's enumerations and macros (dnnl_types.h and dnnl_common_types.h of 3.7.2). */
export const constants: Constants = {
  propagation: { training: 64, inference: 96, backward: 128 },
  dataType: { bf16: 2, f32: 3, s32: 4 },
  convolution: { direct: 1, winograd: 2, auto: 3 },
  eltwise: { relu: 32, reluUseDst: 256, linear: 38 },
  pooling: { max: 511, averageIncludingPadding: 767, averageExcludingPadding: 1023 },
  binary: { add: 131056, mul: 131057, max: 131058, min: 131059, div: 131060, sub: 131061 },
  tag: { any: 1, a: 2, ab: 3, ba: 14, abcd: 5, acdb: 22, abcde: 6, aBcd16b: 78 },
  normFlag: { useGlobalStats: 1, fuseNormRelu: 8, useScale: 2, useShift: 4 },
  query: {
    implementation: 8,
    src: 129,
    diffSrc: 130,
    weights: 131,
    diffWeights: 132,
    dst: 133,
    diffDst: 134,
    workspace: 135,
    scratchpad: 136,
  },
  postOpBase: 32768,
}

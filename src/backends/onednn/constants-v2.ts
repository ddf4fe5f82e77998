import type { Constants } from './versions.js'

/** Values of oneDNN 2's enumerations and macros (dnnl_types.h of 2.6.3). */
export const constants: Constants = {
  propagation: { training: 64, inference: 96, backward: 128 },
  dataType: { bf16: 2, f32: 3, s32: 4 },
  convolution: { direct: 1, winograd: 2, auto: 3 },
  eltwise: { relu: 31, reluUseDst: 256, linear: 127 },
  pooling: { max: 511, averageIncludingPadding: 767, averageExcludingPadding: 1023 },
  binary: { add: 131056, mul: 131057, max: 131058, min: 131059, div: 131060, sub: 131061 },
  tag: { any: 1, a: 2, ab: 3, ba: 22, abcd: 5, acdb: 20, abcde: 7, aBcd16b: 69 },
  normFlag: { useGlobalStats: 1, fuseNormRelu: 4, useScale: 8, useShift: 16 },
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
  postOpBase: 16384,
}

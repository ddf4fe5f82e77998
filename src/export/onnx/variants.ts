/** f32, half precision, and 8 bits; the first is always written. */
export const onnxVariants = ['f32', 'fp16', 'q8'] as const
export type OnnxVariant = (typeof onnxVariants)[number]

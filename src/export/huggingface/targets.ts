/** Whose programs load the folder. */
export const targets = ['timm', 'transformers.js', 'both'] as const
export type Target = (typeof targets)[number]

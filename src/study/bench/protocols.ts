/** What is done to an image: training's distortions by their colour, or evaluation's central crop. */
export const protocols = ['fast', 'full', 'none', 'eval'] as const
export type Protocol = (typeof protocols)[number]

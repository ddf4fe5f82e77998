// Apart from the passes, so that a command can list and check names without loading what they name.

/** Passes over a forward graph, before gradients are taken. */
export const forwardPasses = ['absorb-relu'] as const

/** Passes over a finished graph, inference or a whole training step, in the order in which they run. */
export const finishingPasses = [
  'fold-norm',
  'merge-siblings',
  'fuse-residual',
  'fold-scale',
  'overlap-exchange',
] as const

/** What a backend does on its own: results take over operands' memory; kernels and layouts are chosen by measurement. */
const ofBackends = ['in-place', 'tune'] as const

export const passNames = [...forwardPasses, ...finishingPasses, ...ofBackends] as const

export type ForwardPass = (typeof forwardPasses)[number]
export type FinishingPass = (typeof finishingPasses)[number]
export type PassName = (typeof passNames)[number]

/** The optimisations that are on; none changes a result beyond rounding. */
export type Passes = ReadonlySet<PassName>

export const allPasses: Passes = new Set(passNames)

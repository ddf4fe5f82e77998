// Who may import whom: ARCHITECTURE.md draws it, and test/readme.test.ts holds the drawing to this.
const compute = ['nn', 'optim', 'graph', 'backends']
const bytes = ['data', 'formats']
const upToTraining = ['training', 'networks', ...compute, 'communication', ...bytes, 'base']
const upToWeights = ['evaluation', 'weights', ...upToTraining]
const upToPrediction = ['prediction', 'export', ...upToWeights]

/** What each folder of src/ may import besides itself. */
export const allowed = {
  base: [],
  graph: ['base'],
  formats: ['base'],
  communication: ['base'],
  nn: ['graph', 'base'],
  optim: ['graph', 'base'],
  backends: ['graph', 'communication', 'base'],
  data: ['formats', 'base'],
  networks: ['nn', 'graph', 'base'],
  training: upToTraining.filter(folder => folder !== 'training'),
  weights: upToTraining.filter(folder => folder !== 'backends' && folder !== 'communication'),
  evaluation: upToTraining,
  prediction: upToWeights,
  export: upToWeights,
  study: upToPrediction,
  cli: ['study', ...upToPrediction],
}

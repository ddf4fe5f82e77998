import type { StudyResult } from '../result.js'
import { costTables, sumNormTable } from './cost-tables.js'
import { errorFigures } from './error-figures.js'
import { errorTables } from './error-tables.js'
import type { Figure } from './figure.js'
import { instabilityFigures, instabilityTables } from './instability.js'
import { learningTables } from './learning-tables.js'
import type { Table } from './table.js'

/** One of the paper's questions, with the figures and tables that answer it; the page and the Markdown print it. */
export interface Measurement {
  readonly id: string
  readonly title: string
  readonly figures: readonly Figure[]
  readonly tables: readonly Table[]
}

/** What the study measured, in the order of the report; questions it did not ask are left out. */
export const measurementsOf = (result: StudyResult): Measurement[] =>
  [
    {
      id: 'figures',
      title: 'Error during training',
      figures: errorFigures(result),
      tables: learningTables(result),
    },
    { id: 'errors', title: 'Final errors', figures: [], tables: errorTables(result) },
    {
      id: 'instability',
      title: 'Instability and residual scaling',
      figures: instabilityFigures(result),
      tables: instabilityTables(result),
    },
    { id: 'sum-norms', title: 'Batch norm on top of the sums', figures: [], tables: sumNormTable(result) },
    { id: 'cost', title: 'What similar cost means', figures: [], tables: costTables(result) },
  ].filter(({ figures, tables }) => figures.length + tables.length > 0)

export interface EvaluationProgress {
  readonly done: number
  readonly total: number
  readonly viewsPerSecond: number
  readonly imagesPerSecond: number
  readonly secondsLeft: number
}

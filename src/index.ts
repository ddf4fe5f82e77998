// The public API, and the package's only barrel: inside the package, import the file that defines the thing.

export type { Backend, BackendName, CompileOptions, Precision, Program, Store } from './backends/backend.js'
export { choosePrecision, openBackend } from './backends/open.js'
export { UserError } from './base/error.js'
export type { Communicator } from './communication/communicator.js'
export { openCommunicator } from './communication/open.js'
export { type Augmentation, plainAugmentation } from './data/augmentation.js'
export type { Batch } from './data/batch-run.js'
export { readBoxes } from './data/box-file.js'
export { type ImageSet, openSplit } from './data/class-folder.js'
export type { RgbImage } from './data/decode.js'
export { type FlatImages, readGroundTruth } from './data/ground-truth.js'
export { readImageList } from './data/image-list.js'
export { Loader } from './data/loader.js'
export type { LoaderOptions } from './data/loader-options.js'
export { openEvaluationData, openTrainingData } from './data/sources/open.js'
export { readSynsets, type Synsets } from './data/synsets.js'
export { writeSynth } from './data/synth/folder.js'
export type { SynthSettings } from './data/synth/settings.js'
export { evaluatorOf } from './evaluation/checkpoint-evaluator.js'
export type { Crops } from './evaluation/crops.js'
export { type Evaluation, type EvaluationOptions, Evaluator, type EvaluatorOptions } from './evaluation/evaluator.js'
export { type EvaluatedMembers, evaluateMembers, type MembersOptions } from './evaluation/members.js'
export type { EvaluationProgress } from './evaluation/pace.js'
export { type EvaluationResult, type Member, resultOf, type Subset } from './evaluation/result.js'
export { writeResult } from './evaluation/result-folder.js'
export { averagePredictions, type Predictions, type Scores, scoresOf } from './evaluation/scores.js'
export {
  type ExportedFolder,
  exportHuggingface,
  type HuggingfaceOptions,
} from './export/huggingface/export-huggingface.js'
export { type ExportedOnnx, exportOnnx, type OnnxExportOptions } from './export/onnx/export-onnx.js'
export type { OnnxVariant } from './export/onnx/variants.js'
export { type ExportedWeb, exportWeb, type WebExportOptions } from './export/web/export-web.js'
export type { ModelSpec } from './networks/model-spec.js'
export { findNetwork, networks } from './networks/networks.js'
export { type Summary, summarise } from './networks/summary.js'
export { buildModel, type Extent, type Model, type ModelOptions } from './nn/model.js'
export type { Network, Preprocessing } from './nn/network.js'
export { Classifier, type ClassifierOptions, type Look, type Outcome } from './prediction/classifier.js'
export { type ClassActivation, GradCam } from './prediction/grad-cam.js'
export { drawHeatMap } from './prediction/heat-map.js'
export type { ImageInput } from './prediction/image-input.js'
export {
  type ClassifyOptions,
  type Label,
  type PerImage,
  type Pipeline,
  type PipelineOptions,
  type PipelineTasks,
  pipeline,
} from './prediction/pipeline.js'
export type { Prediction } from './prediction/view-means.js'
export type { Preset } from './study/presets/preset.js'
export { presets } from './study/presets/presets.js'
export { renderReport } from './study/report/report.js'
export { reproduce, type StudyOptions, type StudyOutcome } from './study/reproduce.js'
export type { StudyResult } from './study/result.js'
export { type DataSets, openDataSets, type RunOptions, trainInFolder } from './study/run/run.js'
export type { RunSettings } from './study/run/run-settings.js'
export { type Checkpoint, latestCheckpoint, readCheckpoint } from './training/checkpoint.js'
export { type CheckpointState, decodeState, restore } from './training/checkpoint-state.js'
export type { Sink, TrainingEvent } from './training/events.js'
export { type FineTuning, fineTuningFrom } from './training/fine-tuning.js'
export { openCheckpoint } from './training/open-checkpoint.js'
export { fineTuningRecipe, paperRecipe, type Recipe } from './training/recipe.js'
export { Replicas } from './training/replicas/replicas.js'
export { buildTrainingStep, type TrainingStep } from './training/step.js'
export { type Evaluate, type TrainingPlan, train } from './training/train.js'
export { type Exported, exportWeights } from './weights/export-weights.js'
export { type Imported, type ImportOptions, importWeights } from './weights/import-weights.js'
export type { Ignored } from './weights/match.js'

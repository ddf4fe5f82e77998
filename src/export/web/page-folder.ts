import { mkdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { isImagenet, labelOf } from '../../data/imagenet-classes.js'
import { writeAtomically } from '../../formats/atomic-file.js'
import { encodeJson } from '../../formats/json.js'
import { networkOf } from '../../networks/model-spec.js'
import type { CheckpointState } from '../../training/checkpoint-state.js'
import { normalisationOf } from '../normalisation.js'
import { wordNetNotice } from '../notice.js'
import { browserModules } from './browser-modules.js'
import { descriptionFile, type ModelDescription, runtimeModule } from './description.js'
import { webPage } from './page.js'
import { runtimeNotice } from './runtime-notice.js'

/** The page's first module and that of its worker, among the built ones. */
const main = 'export/web/app/main.js'
const worker = 'export/web/app/worker.js'
const built = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Writes the page into `folder`, where its model, the file `model`, lies already. Errors: `UserError` where a file cannot
 * be written.
 */
export function writePage(folder: string, state: CheckpointState, model: string): void {
  const put = (name: string, content: string | Uint8Array) => {
    const file = path.join(folder, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeAtomically(file, out => out.append(typeof content === 'string' ? new TextEncoder().encode(content) : content))
  }
  const runtime = installedRuntime()
  const description: ModelDescription = {
    ...inputOf(state),
    classes: state.classNames.map(name => ({ name, label: labelOf(name) })),
    model: { name: model, bytes: statSync(path.join(folder, model)).size },
    runtime: { name: 'ort.wasm', bytes: runtime.wasm.length },
  }
  put('index.html', webPage(`app/${main}`))
  put(descriptionFile, encodeJson(description, 'the description of the model'))
  put(runtimeModule, runtime.module)
  put(description.runtime.name, runtime.wasm)
  put('NOTICE', noticeOf(state, runtime.version))
  for (const [name, text] of browserModules(built, [main, worker])) put(`app/${name}`, text)
}

function inputOf({ model, crop = 'slim', centralFraction }: CheckpointState) {
  const { id, title, preprocessing } = networkOf(model)
  const normalisation = normalisationOf(preprocessing)
  return { network: id, title, size: model.size, crop, fraction: centralFraction, normalisation }
}

/** ONNX Runtime for browsers as it is installed here: its module with what it needs but for the WebAssembly. */
function installedRuntime() {
  const module = new URL(import.meta.resolve('onnxruntime-web/wasm'))
  const { version } = JSON.parse(readFileSync(new URL('../package.json', module), 'utf8')) as { version: string }
  return {
    version,
    module: withoutSourceMap(readFileSync(module, 'utf8')),
    wasm: readFileSync(new URL('ort-wasm-simd-threaded.wasm', module)),
  }
}

const withoutSourceMap = (text: string): string => text.replace(/^\/\/# sourceMappingURL=.*\n?/m, '')

const noticeOf = ({ classNames }: CheckpointState, version: string): string =>
  [runtimeNotice(version), ...(isImagenet(classNames) ? [wordNetNotice()] : [])].join('\n')

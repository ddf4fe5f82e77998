import { openBackend } from '../../../backends/open.js'
import { exportWeb } from '../../../export/web/export-web.js'
import { readCheckpoint } from '../../../training/checkpoint.js'
import { warn } from '../../warn.js'
import type { ExportForm } from './form.js'

export const webForm: ExportForm = {
  about: 'a page that classifies images in the browser',
  options: [],
  required: [],
  async write(file, { out }) {
    using checkpoint = readCheckpoint(file)
    const exported = await exportWeb(checkpoint, { out, backend: openBackend('auto', warn) })
    return {
      facts: exported,
      text: `${out}: a web page for any static server, such as 'python3 -m http.server' in there`,
    }
  },
}

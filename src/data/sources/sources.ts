import { fileSource } from './file-source.js'
import { ilsvrc } from './ilsvrc.js'
import { csvMetadata, csvTable, jsonLines, jsonMetadata } from './image-table.js'
import { parquet } from './parquet.js'
import type { Source } from './source.js'
import { tfRecords } from './tfrecords.js'
import { webDataset } from './webdataset.js'

/** Every source but class folders, which a folder holds when it holds nothing else. The first that finds its own counts. */
export const sources: readonly Source[] = [
  ilsvrc,
  fileSource(csvMetadata),
  fileSource(jsonMetadata),
  fileSource(tfRecords),
  fileSource(webDataset),
  fileSource(parquet),
  fileSource(csvTable),
  fileSource(jsonLines),
]

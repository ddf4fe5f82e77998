/** An annotation as ILSVRC's are: of an image of this size, with the name and the sides of each object. */
export const annotationOf = (
  [width, height]: readonly [width: number, height: number],
  ...objects: readonly (readonly [name: string, sides: readonly [number, number, number, number]])[]
): Buffer =>
  Buffer.from(`<annotation>
\t<folder>n01440764</folder>
\t<filename>%s</filename>
\t<source>
\t\t<database>ImageNet database</database>
\t</source>
\t<size>
\t\t<width>${width}</width>
\t\t<height>${height}</height>
\t\t<depth>3</depth>
\t</size>
\t<segmented>0</segmented>
${objects
  .map(
    ([name, [xmin, ymin, xmax, ymax]]) => `\t<object>
\t\t<name>${name}</name>
\t\t<pose>Unspecified</pose>
\t\t<truncated>0</truncated>
\t\t<difficult>0</difficult>
\t\t<bndbox>
\t\t\t<xmin>${xmin}</xmin>
\t\t\t<ymin>${ymin}</ymin>
\t\t\t<xmax>${xmax}</xmax>
\t\t\t<ymax>${ymax}</ymax>
\t\t</bndbox>
\t</object>
`,
  )
  .join('')}</annotation>
`)

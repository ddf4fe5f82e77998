/** From the name of a layer in this project to that of the same layer elsewhere. */
export type Layers = Readonly<Record<string, string>>

/** From our tensors to theirs. */
export type TensorNames = ReadonlyMap<string, string>

/** How tables of names are written where the parts of a name are joined by `separator`; ours are joined by '.'. */
export function namesJoinedBy(separator: '.' | '/') {
  /** A block's layers under its place in both networks. */
  const under = (ours: string, theirs: string, layers: Layers): Layers =>
    Object.fromEntries(
      Object.entries(layers).map(([our, their]) => [`${ours}.${our}`, `${theirs}${separator}${their}`]),
    )
  return {
    under,
    /** The same block n times under both stages' names; `place` gives the one there from the number here, from 0. */
    times: (n: number, ours: string, place: (i: number) => string, block: Layers): Layers =>
      Object.assign({}, ...Array.from({ length: n }, (_, i) => under(`${ours}.${i}`, place(i), block))),
    /** The names of all tensors, from those of their layers and of a layer's parts. */
    tensorNames: (...kinds: readonly (readonly [layers: Layers, parts: Layers])[]): TensorNames =>
      new Map(
        kinds.flatMap(([layers, parts]) =>
          Object.entries(layers).flatMap(([ours, theirs]) => Object.entries(under(ours, theirs, parts))),
        ),
      ),
  }
}

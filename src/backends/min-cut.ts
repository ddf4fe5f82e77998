/** A network of pipes between numbered places, for finding the cheapest way to cut it in two. */
export class FlowNetwork {
  /** Pipes in pairs: 2k leads forward, 2k + 1 back. */
  readonly #to: number[] = []
  readonly #room: number[] = []
  readonly #leaving: number[][]

  constructor(places: number) {
    this.#leaving = Array.from({ length: places }, () => [])
  }

  /** Joins two places: cutting between them costs `forward` if `a` is on the source's side, `backward` if `b` is. */
  join(a: number, b: number, forward: number, backward: number): void {
    this.#leaving[a]!.push(this.#to.length)
    this.#to.push(b)
    this.#room.push(forward)
    this.#leaving[b]!.push(this.#to.length)
    this.#to.push(a)
    this.#room.push(backward)
  }

  /**
   * The places on the source's side of a cheapest cut between `source` and `sink` (Dinic, "Algorithm for solution of a
   * problem of maximum flow in networks with power estimation", 1970). Uses the network up.
   */
  cut(source: number, sink: number): boolean[] {
    for (;;) {
      const depth = this.#depths(source)
      if (depth[sink] === -1) return depth.map(d => d !== -1)
      const next = new Array<number>(depth.length).fill(0)
      while (this.#augment(source, sink, depth, next) > 0) {}
    }
  }

  #depths(source: number): number[] {
    const depth = new Array<number>(this.#leaving.length).fill(-1)
    depth[source] = 0
    const queue = [source]
    for (const at of queue)
      for (const pipe of this.#leaving[at]!) {
        const to = this.#to[pipe]!
        if (depth[to] !== -1 || this.#room[pipe]! <= 0) continue
        depth[to] = depth[at]! + 1
        queue.push(to)
      }
    return depth
  }

  /** Sends what fits along one shortest path that is not full yet, and says how much that was. */
  #augment(source: number, sink: number, depth: readonly number[], next: number[]): number {
    const path: number[] = []
    let at = source
    while (at !== sink) {
      const pipe = this.#leaving[at]![next[at]!]
      if (pipe === undefined) {
        const back = path.pop()
        if (back === undefined) return 0
        at = this.#to[back ^ 1]!
        next[at]!++
      } else if (this.#room[pipe]! > 0 && depth[this.#to[pipe]!] === depth[at]! + 1) {
        path.push(pipe)
        at = this.#to[pipe]!
      } else next[at]!++
    }
    const amount = path.reduce((least, pipe) => Math.min(least, this.#room[pipe]!), Number.POSITIVE_INFINITY)
    for (const pipe of path) {
      this.#room[pipe]! -= amount
      this.#room[pipe ^ 1]! += amount
    }
    return amount
  }
}

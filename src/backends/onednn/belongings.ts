/** What is to be given back when its owner goes: in the reverse order of its coming, once. */
export class Belongings implements Disposable {
  #releases: (() => void)[] = []

  add(release: () => void): void {
    this.#releases.push(release)
  }

  [Symbol.dispose](): void {
    const releases = this.#releases.reverse()
    this.#releases = []
    for (const release of releases) release()
  }
}

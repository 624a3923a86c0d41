/** Files that were sent, by name, up to so many bytes: those that were not asked for longest make room. */
export class SentFiles {
  readonly #files = new Map<string, Uint8Array>();
  readonly #most: number;
  #bytes = 0;

  constructor(most: number) {
    this.#most = most;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  get(name: string): Uint8Array | undefined {
    const bytes = this.#files.get(name);
    if (!bytes) return undefined;
    // The order of insertion is that of use.
    this.#files.delete(name);
    this.#files.set(name, bytes);
    return bytes;
  }

  put(name: string, bytes: Uint8Array): void {
    if (this.#files.has(name)) return;
    this.#files.set(name, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, held] of this.#files) {
      if (this.#bytes <= this.#most || oldest === name) return;
      this.#files.delete(oldest);
      this.#bytes -= held.length;
    }
  }
}

/** An element of the page, which `document.ts` has written. */
export const find = (id: string): HTMLElement => document.getElementById(id)!;

/** Where the network's input comes from. */
export interface Source {
  /** What a file of it is, in words. */
  readonly what: string;
  /** A file becomes what is looked at. Throws where the browser cannot read it. */
  take(file: Blob): Promise<void>;
  /** [1, C, H, W] of what is looked at now. */
  input(): Float32Array;
}

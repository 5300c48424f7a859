/** What is used of gifenc, which has no types. Its CommonJS build has everything on `default` in Node. */
declare module "gifenc" {
  type Color = readonly [red: number, green: number, blue: number];
  interface Encoder {
    writeFrame(
      indices: Uint8Array,
      width: number,
      height: number,
      options: {
        palette?: readonly Color[];
        delay: number;
        transparent?: boolean;
        transparentIndex?: number;
        dispose: number;
      },
    ): void;
    finish(): void;
    bytes(): Uint8Array;
  }
  export function GIFEncoder(): Encoder;
  export function quantize(rgba: Uint8Array, colors: number): Color[];
  export function nearestColorIndex(palette: readonly Color[], color: Color): number;
}

import type { Pixels } from "@diffusion-forcing/tasks/pictures";
import { Resvg, type ResvgRenderOptions } from "@resvg/resvg-js";

/** The pictures draw their text as lines; not looking for fonts saves most of the start-up. */
function options(width: number): ResvgRenderOptions {
  return { fitTo: { mode: "width", value: width }, font: { loadSystemFonts: false }, logLevel: "off" };
}

/** An SVG document as a PNG file `width` pixels wide. */
export function toPng(svg: string, width: number): Uint8Array {
  return new Uint8Array(new Resvg(svg, options(width)).render().asPng());
}

/** An SVG document as pixels over `background`. */
export function toPixels(svg: string, width: number, background: string): Pixels {
  const image = new Resvg(svg, { ...options(width), background }).render();
  return { width: image.width, height: image.height, rgba: new Uint8Array(image.pixels) };
}

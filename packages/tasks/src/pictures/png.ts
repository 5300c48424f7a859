import { encode } from "fast-png";
import { checkFrames, checkPixels, type Frame, type Pixels } from "./pixels.js";

/** A picture as a PNG file. @throws `invalid-argument`, `shape-mismatch` unless it has four numbers for each pixel */
export function encodePng(picture: Pixels): Uint8Array {
  const { width, height, rgba } = checkPixels("encodePng: the picture", picture);
  return encode({ width, height, data: rgba, channels: 4, depth: 8 });
}

const signatureBytes = 8;

/**
 * An endless animated PNG: all colours, and viewers that do not know the format show the first frame.
 *
 * @throws `invalid-argument` for no frames or frames of different sizes, and what {@link encodePng} throws.
 */
export function encodeApng(frames: Iterable<Frame>): Uint8Array {
  const all = checkFrames("encodeApng", frames);
  const [first] = all;
  const { width, height } = first.pixels;
  const parts: Uint8Array[] = [];
  let sequence = 0;
  all.forEach(({ pixels, milliseconds }, index) => {
    const png = encodePng(pixels);
    if (index === 0) parts.push(png.subarray(0, signatureBytes), ...chunksOf(png, "IHDR"));
    if (index === 0) parts.push(chunk("acTL", numbers(all.length, 0)));
    // Sequence, size, offset; then the delay as a fraction, and "keep" and "overwrite" for the next frame.
    const control = new Uint8Array(26);
    control.set(numbers(sequence++, width, height, 0, 0));
    new DataView(control.buffer).setUint16(20, Math.round(milliseconds));
    new DataView(control.buffer).setUint16(22, 1000);
    parts.push(chunk("fcTL", control));
    for (const data of chunksOf(png, "IDAT")) {
      if (index === 0) parts.push(data);
      else parts.push(chunk("fdAT", join([numbers(sequence++), data.subarray(8, data.length - 4)])));
    }
    if (index === all.length - 1) parts.push(...chunksOf(png, "IEND"));
  });
  return join(parts);
}

/** The chunks of a PNG file of one kind, whole: length, kind, data, checksum. */
function chunksOf(png: Uint8Array, kind: string): Uint8Array[] {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const found: Uint8Array[] = [];
  for (let at = signatureBytes; at < png.length; ) {
    const end = at + 12 + view.getUint32(at);
    if (String.fromCharCode(...png.subarray(at + 4, at + 8)) === kind) found.push(png.subarray(at, end));
    at = end;
  }
  return found;
}

function chunk(kind: string, data: Uint8Array): Uint8Array {
  const named = join([Uint8Array.from(kind, (letter) => letter.charCodeAt(0)), data]);
  return join([numbers(data.length), named, numbers(checksum(named))]);
}

function numbers(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  values.forEach((value, index) => {
    new DataView(bytes.buffer).setUint32(index * 4, value);
  });
  return bytes;
}

/** CRC-32 as PNG has it (ISO 3309, reflected, polynomial 0xedb88320). */
function checksum(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

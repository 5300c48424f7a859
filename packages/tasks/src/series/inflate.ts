import { DiffusionForcingError } from "@diffusion-forcing/core";

/** Most characters of text that a file comes to; a gzipped one from elsewhere could come to anything. */
const MOST_BYTES = 2 ** 28;

/** The text of a file, which may be gzipped. @throws `corrupt-file`, naming it */
export async function textOf({ name, bytes }: { readonly name: string; readonly bytes: Uint8Array }): Promise<string> {
  const isGzipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const plain = isGzipped ? await inflated(name, bytes) : bytes;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(plain);
  } catch (cause) {
    throw new DiffusionForcingError("corrupt-file", `${name} is no UTF-8 text.`, { cause });
  }
}

async function inflated(name: string, bytes: Uint8Array): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let total = 0;
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("gzip"));
  try {
    for await (const part of chunks(stream)) {
      total += part.length;
      if (total > MOST_BYTES) break;
      parts.push(part);
    }
  } catch (cause) {
    throw new DiffusionForcingError("corrupt-file", `${name} is damaged: it cannot be decompressed as gzip.`, {
      cause,
    });
  }
  if (total > MOST_BYTES) {
    throw new DiffusionForcingError("corrupt-file", `${name} decompresses to more than ${MOST_BYTES} bytes.`);
  }
  const whole = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Not every browser iterates over streams. */
async function* chunks(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

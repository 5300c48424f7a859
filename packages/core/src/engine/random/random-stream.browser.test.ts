/// <reference lib="dom" />
import { describe, expect, it } from "vitest";
import { createRandom } from "./random-stream.js";

/** What both a page and a worker draw from seed 0; the literals below were computed in Node. */
interface Drawn {
  readonly words: string[];
  readonly normals: string[];
  readonly checksum: string;
}

function hex(words: Iterable<number>): string[] {
  return Array.from(words, (word) => word.toString(16).padStart(8, "0"));
}

function draw(create: typeof createRandom): Drawn {
  const stream = create(0);
  const words = hex([stream.nextUint32(), stream.nextUint32()]);
  const values = new Float32Array(1_000_000);
  create(0).fillNormal(values);
  const bits = new Uint32Array(values.buffer);
  let hash = 0x811c9dc5; // FNV-1a over 32-bit words
  for (const word of bits) hash = Math.imul(hash ^ word, 0x01000193);
  return { words, normals: hex(bits.subarray(0, 8)), checksum: (hash >>> 0).toString(16) };
}

async function drawInWorker(): Promise<Drawn> {
  const source = `
    import { createRandom } from ${JSON.stringify(new URL("./random-stream.ts", import.meta.url).href)};
    const hex = ${hex};
    const draw = ${draw};
    postMessage(draw(createRandom));
  `;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  try {
    return await new Promise<Drawn>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
    });
  } finally {
    worker.terminate();
    URL.revokeObjectURL(url);
  }
}

// The same literals stand in random-stream.test.ts.
const inNode: Drawn = {
  words: ["6b200159", "99ba4efe"],
  normals: ["be52c848", "3e826010", "bef71a5d", "3f2f6949", "be8acc86", "400a65f3", "3f164055", "c002ef8e"],
  checksum: "6ca1cd2e",
};

describe("RandomStream in a browser draws the bits that it draws in Node", () => {
  it("in a page: a million normals", () => {
    expect(draw(createRandom)).toEqual(inNode);
  });

  it("in a Web Worker: a million normals", async () => {
    expect(await drawInWorker()).toEqual(inNode);
  });
});

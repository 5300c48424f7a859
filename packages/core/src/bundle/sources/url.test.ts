import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../../engine/errors.js";
import { urlSource } from "./url.js";

/** Answers every request by `answer` and notes what was asked. */
function serving(answer: () => Response | Promise<Response>) {
  const asked: { url: string; headers: Record<string, string> }[] = [];
  const fetch = async (url: string, { headers }: { headers: Record<string, string> }): Promise<Response> => {
    asked.push({ url, headers });
    return answer();
  };
  return { asked, fetch };
}

const answering = (answer: () => Response | Promise<Response>) => ({ fetch: serving(answer).fetch });

/** A body in two chunks, without a length. */
function inChunks(...chunks: number[][]): Response {
  const body = new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(Uint8Array.from(chunk));
      controller.close();
    },
  });
  return new Response(body);
}

describe("urlSource", () => {
  it("refuses an option that there is not", () => {
    expect(() => urlSource("https://a", { header: {} } as never)).toThrow("urlSource: there is no option header.");
  });

  it("reads files below its address, with the headers given", async () => {
    const { asked, fetch } = serving(() => inChunks([1, 2], [3]));
    const source = urlSource("https://example.org/models/a/", { fetch, headers: { authorization: "x" } });
    expect(await source.read("config.json", { maxBytes: 3 })).toEqual(Uint8Array.of(1, 2, 3));
    expect(asked).toEqual([{ url: "https://example.org/models/a/config.json", headers: { authorization: "x" } }]);
    expect(source.name).toBe("https://example.org/models/a");
  });

  it("has no file where the server has none, and fails where it fails", async () => {
    const missing = urlSource(
      "https://a",
      answering(() => new Response("", { status: 404 })),
    );
    expect(await missing.read("config.json", { maxBytes: 9 })).toBe(undefined);
    const broken = urlSource(
      "https://a",
      answering(() => new Response("", { status: 503, statusText: "Busy" })),
    );
    await expect(broken.read("config.json", { maxBytes: 9 })).rejects.toThrow(
      "https://a/config.json answers 503 Busy.",
    );
    const unreachable = urlSource(
      "https://a",
      answering(() => Promise.reject(new TypeError("fetch failed"))),
    );
    const read = unreachable.read("config.json", { maxBytes: 9 });
    await expect(read).rejects.toThrow("https://a/config.json cannot be read: fetch failed.");
    await expect(read).rejects.toSatisfy((error) => isDiffusionForcingError(error, "read-failed"));
  });

  it("stops at the limit, by the announced length or by what comes", async () => {
    const announced = urlSource(
      "https://a",
      answering(() => new Response("12345", { headers: { "content-length": "5" } })),
    );
    await expect(announced.read("x", { maxBytes: 4 })).rejects.toThrow("x has 5 bytes; at most 4");
    let pulled = 0;
    const endless = (): Response =>
      new Response(
        new ReadableStream({
          pull(controller) {
            pulled++;
            controller.enqueue(new Uint8Array(1000));
          },
        }),
      );
    const read = urlSource("https://a", answering(endless)).read("x", { maxBytes: 5000 });
    await expect(read).rejects.toSatisfy((error) => isDiffusionForcingError(error, "corrupt-file"));
    expect(pulled).toBeLessThan(12);
  });

  it("waits no longer once aborted, whatever is fetched with", async () => {
    const controller = new AbortController();
    const read = urlSource("https://a", { fetch: () => new Promise(() => {}) }).read("x", {
      maxBytes: 9,
      signal: controller.signal,
    });
    controller.abort();
    await expect(read).rejects.toMatchObject({ code: "aborted" });
  });

  it("asks for nothing once aborted", async () => {
    const { asked, fetch } = serving(() => inChunks([1]));
    const read = urlSource("https://a", { fetch }).read("x", { maxBytes: 9, signal: AbortSignal.abort() });
    await expect(read).rejects.toSatisfy((error) => isDiffusionForcingError(error, "aborted"));
    expect(asked).toEqual([]);
  });
});

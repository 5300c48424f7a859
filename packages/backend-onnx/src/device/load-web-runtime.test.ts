import { describe, expect, it } from "vitest";
import { explainFirstSession, explainImport, type LoadedRuntime } from "./load-web-runtime.js";

describe("explainImport", () => {
  it.each([
    Object.assign(new Error("Cannot find package 'onnxruntime-web'"), { code: "ERR_MODULE_NOT_FOUND" }),
    new TypeError(`Failed to resolve module specifier 'onnxruntime-web/wasm'`),
    new TypeError("The specifier “onnxruntime-web/wasm” was a bare specifier, but was not remapped to anything."),
  ])("a package that is nowhere: %s", (cause) => {
    expect(explainImport(cause)).toMatchObject({
      code: "missing-dependency",
      message: expect.stringContaining("npm install onnxruntime-web"),
      cause,
    });
  });

  it.each([
    new TypeError("Failed to fetch dynamically imported module: https://app.example/assets/ort-D3f2.js"),
    new TypeError("error loading dynamically imported module: https://app.example/assets/ort-D3f2.js"),
    Object.assign(new Error("Loading chunk 17 failed."), { name: "ChunkLoadError" }),
  ])("a part of the app that did not arrive: %s", (cause) => {
    expect(explainImport(cause)).toMatchObject({
      code: "backend-unavailable",
      message: expect.stringMatching(/did not arrive.*try again or reload/),
    });
    expect(explainImport(cause).message).not.toContain("npm install");
  });

  it("a service worker, which cannot import while it runs", () => {
    const cause = new TypeError("import() is disallowed on ServiceWorkerGlobalScope by the HTML specification.");
    expect(explainImport(cause)).toMatchObject({
      code: "backend-unavailable",
      message: expect.stringContaining("in a page or a Web Worker"),
    });
  });
});

it("a second try after a failed start is told the first cause, and both what to do", () => {
  const runtime = {} as LoadedRuntime;
  const first = explainFirstSession("wasm", runtime, new Error("404 ort-wasm-simd-threaded.wasm"));
  expect(first).toMatchObject({ code: "backend-unavailable", message: expect.stringContaining("reload the page") });
  const second = explainFirstSession("wasm", runtime, new Error("previous call to 'initWasm()' failed."));
  expect(second.message).toContain("404 ort-wasm-simd-threaded.wasm");
  expect(second.message).toContain("that failed before: after mending it, reload the page or start another worker");
});

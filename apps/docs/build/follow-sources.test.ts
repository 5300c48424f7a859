import { describe, expect, it, vi } from "vitest";
import { followLink } from "./follow-sources.js";

const repository = "https://github.com/diffusion-forcing/diffusion-forcing";

describe("a link of a document in the repository", () => {
  it.each([
    ["docs/guide.md", "interop.md", "/docs/interop"],
    ["docs/guide.md", "backends.md#threads", "/docs/backends#threads"],
    ["README.md", "docs/fidelity.md", "/docs/fidelity"],
    ["docs/guide.md", "../ARCHITECTURE.md", "/docs/architecture"],
    ["docs/guide.md", "../examples/video.ts", `${repository}/blob/main/examples/video.ts`],
    ["README.md", "packages/core", `${repository}/tree/main/packages/core`],
    ["docs/guide.md", "https://example.org/a", "https://example.org/a"],
    ["docs/guide.md", "#steering", "#steering"],
  ])("%s: %s leads to %s", (source, link, target) => {
    expect(followLink(source, link)).toBe(target);
  });

  it("that leads nowhere is said", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    expect(followLink("docs/guide.md", "gone.md")).toBe(`${repository}/blob/main/docs/gone.md`);
    expect(warn).toHaveBeenCalledWith("docs/guide.md links to gone.md, which is not there.");
    warn.mockRestore();
  });
});

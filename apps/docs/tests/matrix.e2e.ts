import { describe, expect, it } from "vitest";
import { siteInBrowser } from "./site-in-browser.js";
import { LONGEST_TASK } from "./visitor.js";

const site = siteInBrowser();

describe("the matrix playground", () => {
  it.each(["wasm", "webgpu"])("denoises by three matrices on %s, known tokens untouched", async (device) => {
    // A GPU in software is slow: fewer steps, and fewer tokens to go through one after the other.
    const [steps, known] = device === "wasm" ? [4, 4] : [2, 8];
    await site().visiting(`demos/matrix.html?device=${device}&steps=${steps}&known=${known}`, async (visit) => {
      const longest = await visit.longestTask(() => visit.run("Denoise", "by three matrices"));
      expect([await visit.device(), visit.errors]).toEqual([device, []]);
      expect(longest).toBeLessThan(LONGEST_TASK);
      const told = await visit.events("step");
      for (const walk of [0, 1, 2]) {
        const values = told.filter((event) => event.walk === walk).map((event) => event.values as number[]);
        const [first, last] = [values[0] as number[], values.at(-1) as number[]];
        expect(last.every((value) => Math.abs(value) < 2)).toBe(true);
        expect(last.slice(0, known)).toEqual(first.slice(0, known));
        expect(last.slice(known, 16)).not.toEqual(first.slice(known, 16));
      }
      if (device === "wasm") await visit.picture("matrix");
    });
  });

  it("takes painted levels, by keys, and shows them as code", async () => {
    await site().visiting("demos/matrix.html?device=wasm&steps=4&kind=full-sequence", async (visit) => {
      const { page } = visit;
      await page.locator(".matrix-editor").focus();
      await page.keyboard.press("0");
      await page.getByText("Undo what was painted").waitFor();
      expect(await page.locator(".matrix-code code").textContent()).toContain("  [0, 3, 3,");
      await visit.run("Denoise", "by three matrices");
      expect(visit.errors).toEqual([]);
    });
  });
});

import { describe, expect, it } from "vitest";
import { siteInBrowser } from "./site-in-browser.js";
import { LONGEST_TASK } from "./visitor.js";

const site = siteInBrowser();

describe("the dream", () => {
  it.each(["wasm", "webgpu"])(
    "goes on under the keys on %s: frames differ, and nothing else than colours is seen",
    async (device) => {
      await site().visiting(`demos/dream.html?device=${device}&steps=4&both=1`, async (visit) => {
        const { page } = visit;
        const longest = await visit.longestTask(async () => {
          await page.getByRole("button", { name: "Dream" }).click();
          await page.locator(".dream").focus();
          await page.keyboard.down("ArrowUp");
          const enough = device === "wasm" ? /^([3-9]\d|\d{3,}) frames dreamt/ : /^(?:[3-9]|[1-9]\d+) frames dreamt/;
          await visit.says(enough);
          await page.keyboard.up("ArrowUp");
        });
        expect(longest).toBeLessThan(LONGEST_TASK);
        expect(await visit.device()).toBe(device);
        await page.getByRole("button", { name: "Stop" }).click();
        await page.getByRole("button", { name: "Dream again" }).waitFor();
        const frames = await visit.events("frame");
        for (const side of ["stabilized", "plain"]) {
          const seen = frames.filter((event) => event.side === side).map(({ pixels }) => pixels as number[]);
          expect(seen.length).toBeGreaterThan(3);
          // Frames are neither still nor one colour.
          expect(seen.at(-1)).not.toEqual(seen.at(-2));
          expect(new Set(seen.at(-1)).size).toBeGreaterThan(30);
        }
        // Both begin with the same frame of the simulator.
        expect(frames[0]?.pixels).toEqual(frames.find((event) => event.side === "plain")?.pixels);
        expect(visit.errors).toEqual([]);
        if (device === "wasm") await visit.picture("dream");
      });
    },
  );
});

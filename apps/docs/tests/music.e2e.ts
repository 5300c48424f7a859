import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { siteInBrowser } from "./site-in-browser.js";
import { LONGEST_TASK } from "./visitor.js";

const site = siteInBrowser();

describe("the chorale", () => {
  it.each(["wasm", "webgpu"])(
    "is composed and rewritten on %s: the other bars stay, and it is saved as MIDI",
    async (device) => {
      await site().visiting(`demos/music.html?device=${device}&steps=5`, async (visit) => {
        const { page } = visit;
        const longest = await visit.longestTask(async () => {
          await visit.run("Compose", "out of noise");
          await page.getByRole("button", { name: "bar 3", exact: true }).click();
          await visit.run("Rewrite bar 3", "New: bar 3.");
        });
        expect([await visit.device(), visit.errors]).toEqual([device, []]);
        expect(longest).toBeLessThan(LONGEST_TASK);
        const chorales = (await visit.messages()).flatMap(({ response }) => {
          const pitches = (response as { pitches?: number[] } | null)?.pitches;
          return pitches === undefined ? [] : [pitches];
        });
        const [before, after] = chorales as [number[], number[]];
        // A bar is 16 sixteenths of four voices.
        const bar = 16 * 4;
        const outside = (pitches: number[]): number[] => [...pitches.slice(0, 2 * bar), ...pitches.slice(3 * bar)];
        expect(outside(after)).toEqual(outside(before));
        expect(after.slice(2 * bar, 3 * bar)).not.toEqual(before.slice(2 * bar, 3 * bar));
        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.getByRole("button", { name: "Save as MIDI" }).click(),
        ]);
        const bytes = await readFile(await download.path());
        expect(bytes.subarray(0, 4).toString()).toBe("MThd");
        if (device === "wasm") await visit.picture("music");
      });
    },
  );

  it("refuses what is no MIDI file, with a message", async () => {
    await site().visiting("demos/music.html?device=wasm", async (visit) => {
      const file = { name: "notes.mid", mimeType: "audio/midi", buffer: Buffer.from("no music at all") };
      await visit.page.locator("input[type=file]").setInputFiles(file);
      await visit.says("notes.mid");
      expect(visit.errors).toEqual([]);
    });
  });
});

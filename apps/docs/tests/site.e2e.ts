import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { siteInBrowser } from "./site-in-browser.js";

const site = siteInBrowser();

/** What is fetched before anybody starts a demo, compressed as hosts do. */
const LANDING_BUDGET = 200_000;

describe("pages", () => {
  const pages = [
    "index.html",
    "guide/what-it-is.html",
    "guide/quickstart.html",
    "docs/guide.html",
    "docs/figures.html",
    "demos/index.html",
    "demos/maze.html",
    "demos/matrix.html",
    "demos/dream.html",
    "demos/forecast.html",
    "demos/music.html",
    "demos/train.html",
    "api/core/sampling.html",
  ];
  it.each(pages.flatMap((page) => (["light", "dark"] as const).map((scheme) => [page, scheme] as const)))(
    "%s is accessible and without errors, in %s",
    async (path, colorScheme) => {
      const visit = await site().visit(path, { colorScheme });
      await visit.page.waitForTimeout(300);
      expect(await visit.breaches()).toEqual([]);
      expect(visit.errors).toEqual([]);
      await visit.close();
    },
  );

  it("fit a phone", async () => {
    for (const path of pages) {
      const visit = await site().visit(path, { viewport: { width: 390, height: 800 } });
      await visit.page.waitForTimeout(200);
      const { wide, broad } = await visit.page.evaluate(() => ({
        wide: document.documentElement.scrollWidth,
        broad: innerWidth,
      }));
      expect([path, wide]).toEqual([path, broad]);
      await visit.close();
    }
  });

  it("the landing page is light until a demo starts", async () => {
    const visit = await site().visit();
    const sizes: number[] = [];
    visit.page.on("response", async (response) => {
      const body = await response.body().catch(() => Buffer.alloc(0));
      sizes.push(gzipSync(body).length);
    });
    await visit.go("index.html");
    await visit.page.waitForTimeout(3000);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    console.log(`the landing page: ${sizes.length} files, ${(total / 1000).toFixed(0)} kB compressed`);
    expect(total).toBeLessThan(LANDING_BUDGET);
    await visit.run("Plan a way in this tab", "The goal was reached");
    expect(visit.errors).toEqual([]);
    await visit.picture("home");
    await visit.close();
  });

  it("links lead somewhere, after changes of page too", async () => {
    const visit = await site().visit("index.html");
    const { page } = visit;
    await page.getByRole("link", { name: "What it is" }).first().click();
    await page.getByRole("heading", { name: "What Diffusion Forcing is" }).waitFor();
    await page.locator("main").getByRole("link", { name: "everything in one program" }).click();
    await page.getByRole("heading", { name: "Guide", exact: false, level: 1 }).waitFor();
    await page.getByRole("link", { name: "API", exact: true }).first().click();
    await page.getByRole("link", { name: "/sampling" }).first().click();
    await page.getByRole("heading", { name: "core/sampling", exact: false }).first().waitFor();
    expect(visit.errors).toEqual([]);
    await visit.close();
  });

  it("are found by the search, which asks nobody", async () => {
    const visit = await site().visit("guide/quickstart.html");
    const elsewhere: string[] = [];
    visit.page.on("request", (request) => {
      if (!request.url().startsWith(site().address(""))) elsewhere.push(request.url());
    });
    await visit.page.getByRole("button", { name: "Search" }).first().click();
    await visit.page.locator("#localsearch-input").fill("pyramid");
    await visit.page.locator(".result").first().waitFor();
    expect(elsewhere).toEqual([]);
    await visit.close();
  });
});

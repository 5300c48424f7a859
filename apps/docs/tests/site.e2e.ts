import { gzipSync } from "node:zlib";
import { chromium } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumArguments, findChromium } from "../../../tools/test-devices/chromium.js";
import { Site } from "./visitor.js";

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site.close());

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
    "demos/music.html",
    "demos/train.html",
    "api/core/sampling.html",
  ];
  it.each(pages.flatMap((page) => (["light", "dark"] as const).map((scheme) => [page, scheme] as const)))(
    "%s is accessible and without errors, in %s",
    async (path, colorScheme) => {
      const visit = await site.visit(path, { colorScheme });
      await visit.page.waitForTimeout(300);
      expect(await visit.breaches()).toEqual([]);
      expect(visit.errors).toEqual([]);
      await visit.close();
    },
  );

  it("fit a phone", async () => {
    for (const path of pages) {
      const visit = await site.visit(path, { viewport: { width: 390, height: 800 } });
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
    const visit = await site.visit("demos/index.html");
    const sizes: number[] = [];
    visit.page.on("response", async (response) => {
      const body = await response.body().catch(() => Buffer.alloc(0));
      sizes.push(gzipSync(body).length);
    });
    await visit.context.clearCookies();
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
    const visit = await site.visit("index.html");
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
    const visit = await site.visit("guide/quickstart.html");
    const elsewhere: string[] = [];
    visit.page.on("request", (request) => {
      if (!request.url().startsWith(site.address(""))) elsewhere.push(request.url());
    });
    await visit.page.getByRole("button", { name: "Search" }).first().click();
    await visit.page.locator("#localsearch-input").fill("pyramid");
    await visit.page.locator(".result").first().waitFor();
    expect(elsewhere).toEqual([]);
    await visit.close();
  });
});

describe("where things are missing", () => {
  it("a host that sends no headers: the service worker isolates the page, and keeps it for offline", async () => {
    const plain = await Site.open({ isolated: false, browser: site.browser });
    const visit = await plain.visit("demos/maze.html?device=wasm&maze=umaze");
    await visit.page.waitForFunction(() => crossOriginIsolated, undefined, { timeout: 30_000 });
    await visit.run("Plan and drive", "The goal was reached");
    await plain.closeServer();
    await visit.page.reload();
    await visit.run("Plan and drive", "The goal was reached");
    await visit.close();
  });

  it("a browser without WebGPU: WebAssembly computes, and the page says why", async () => {
    const args = chromiumArguments.filter((argument) => argument !== "--enable-unsafe-webgpu");
    const executablePath = findChromium();
    const browser = await chromium.launch({ args, ...(executablePath ? { executablePath } : {}) });
    const other = await Site.open({ browser });
    const visit = await other.visit("demos/maze.html?device=webgpu&maze=umaze");
    await visit.run("Plan and drive", "The goal was reached");
    expect(await visit.device()).toBe("wasm");
    expect(await visit.page.locator(".demo-passed").textContent()).toContain("Not used: webgpu:");
    await other.close();
  });

  it.each([
    ["model.safetensors", "no safetensors", /model\.safetensors/],
    ["config.json", '{"kind":"something else"}', /config\.json/],
  ])("a corrupt %s: a message", async (file, body, message) => {
    const visit = await site.visit("demos/maze.html?device=wasm&maze=umaze", { serviceWorkers: "block" });
    await visit.page.route(`**/models/maze2d-umaze/${file}`, (route) => route.fulfill({ body }));
    await visit.page.getByRole("button", { name: "Plan and drive" }).click();
    const alert = visit.page.locator(".demo-failure");
    await alert.waitFor({ timeout: 60_000 });
    expect(await alert.textContent()).toMatch(message);
    await visit.close();
  });

  it("a runtime that cannot be fetched: a message, and another try", async () => {
    const visit = await site.visit("demos/maze.html?device=wasm&maze=umaze", { serviceWorkers: "block" });
    await visit.page.route("**/*.wasm", (route) => route.abort());
    await visit.page.getByRole("button", { name: "Plan and drive" }).click();
    await visit.page.locator(".demo-failure").filter({ hasText: "could not be fetched" }).waitFor({ timeout: 60_000 });
    await visit.page.unroute("**/*.wasm");
    await visit.run("Plan and drive", "The goal was reached");
    await visit.close();
  });

  it("storage is full: training goes on, and the page says that a reload loses it", async () => {
    const visit = await site.visit("demos/train.html?device=wasm&steps=150&width=16");
    const session = await visit.context.newCDPSession(visit.page);
    await session.send("Storage.overrideQuotaForOrigin", { origin: new URL(site.address("")).origin, quotaSize: 1000 });
    await visit.run("Train", "This browser keeps nothing for the page");
    await visit.page.getByRole("button", { name: "Save the bundle" }).waitFor();
    await visit.close();
  });

  it("less motion is wanted: the plan and its drive stand still at their end", async () => {
    const visit = await site.visit("demos/maze.html?device=wasm&maze=umaze", {
      reducedMotion: "reduce",
      viewport: { width: 390, height: 800 },
    });
    await visit.run("Plan and drive", "The goal was reached");
    const slider = visit.page.getByRole("slider", { name: "Moment of plan and drive" });
    expect(await slider.inputValue()).toBe(await slider.getAttribute("max"));
    await visit.picture("maze-phone");
    await visit.close();
  });
});

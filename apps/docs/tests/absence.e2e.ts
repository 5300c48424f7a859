import { join } from "node:path";
import { chromium } from "playwright";
import { describe, expect, it } from "vitest";
import { chromiumArguments, findChromium } from "../../../tools/test-devices/chromium.js";
import { siteInBrowser } from "./site-in-browser.js";
import { bundled, Site } from "./visitor.js";

const site = siteInBrowser();

describe("where things are missing", () => {
  it("a host that sends no headers: the service worker isolates the page, and keeps it for offline", async () => {
    const plain = await Site.open({ isolated: false, browser: site().browser });
    const visit = await plain.visit("demos/maze.html?device=wasm&maze=umaze");
    await visit.page.waitForFunction(() => crossOriginIsolated, undefined, { timeout: 30_000 });
    await visit.run("Plan and drive", "The goal was reached");
    await plain.closeServer();
    await visit.page.reload();
    await visit.run("Plan and drive", "The goal was reached");
    await visit.close();
  });

  it("no isolation, and nothing that could bring it: one thread computes", async () => {
    const plain = await Site.open({ isolated: false, browser: site().browser });
    await plain.visiting(
      "demos/maze.html?device=wasm&maze=umaze",
      async (visit) => {
        await visit.run("Plan and drive", "The goal was reached");
        expect(await visit.page.evaluate(() => crossOriginIsolated)).toBe(false);
        expect(await visit.page.locator(".demo-device").textContent()).toBe("computing in WebAssembly, one thread");
      },
      { serviceWorkers: "block" },
    );
    await plain.closeServer();
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
    const visit = await site().visit("demos/maze.html?device=wasm&maze=umaze", { serviceWorkers: "block" });
    await visit.page.route(`**/models/maze2d-umaze/${file}`, (route) => route.fulfill({ body }));
    await visit.page.getByRole("button", { name: "Plan and drive" }).click();
    const alert = visit.page.locator(".demo-failure");
    await alert.waitFor({ timeout: 60_000 });
    expect(await alert.textContent()).toMatch(message);
    await visit.close();
  });

  it("a model for something else: a message", async () => {
    const visit = await site().visit("demos/music.html?device=wasm", { serviceWorkers: "block" });
    for (const file of ["config.json", "model.safetensors"]) {
      await visit.page.route(`**/models/music/${file}`, (route) =>
        route.fulfill({ path: join(bundled("series-exchange"), file) }),
      );
    }
    await visit.page.getByRole("button", { name: "Compose" }).click();
    const alert = visit.page.locator(".demo-failure");
    await alert.waitFor({ timeout: 60_000 });
    expect(await alert.textContent()).toMatch(/kind|chorale|music/);
    await visit.close();
  });

  it("the GPU is lost in the middle: a message, and WebAssembly goes on", async () => {
    // A browser of its own: the loss takes the GPU from all of its pages.
    const other = await Site.open();
    await other.visiting("demos/dream.html?device=webgpu&steps=2", async (visit) => {
      const { page } = visit;
      await page.getByRole("button", { name: "Dream" }).click();
      await visit.says(/^[1-9]\d* frames? dreamt/);
      const session = await other.browser.newBrowserCDPSession();
      await session.send("Browser.crashGpuProcess").catch(() => {});
      await page
        .locator(".demo-failure")
        .filter({ hasText: "The GPU was lost or failed" })
        .waitFor({ timeout: 60_000 });
      await page.getByLabel("Device").selectOption("wasm");
      await visit.run("Dream again", /^(?:[3-9]|[1-9]\d+) frames dreamt/);
      expect(await visit.device()).toBe("wasm");
    });
    await other.close();
  });

  it("a tab that is put to sleep in the middle goes on when it wakes", async () => {
    await site().visiting("demos/maze.html?device=wasm", async (visit) => {
      const { page } = visit;
      await page.getByRole("button", { name: "Plan and drive" }).click();
      await visit.says("Planning");
      const session = await visit.context.newCDPSession(page);
      await session.send("Page.setWebLifecycleState", { state: "frozen" });
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await session.send("Page.setWebLifecycleState", { state: "active" });
      await visit.says("The goal was reached");
      expect(visit.errors).toEqual([]);
    });
  });

  it("a runtime that cannot be fetched: a message, and another try", async () => {
    const visit = await site().visit("demos/maze.html?device=wasm&maze=umaze", { serviceWorkers: "block" });
    await visit.page.route("**/*.wasm", (route) => route.abort());
    await visit.page.getByRole("button", { name: "Plan and drive" }).click();
    await visit.page.locator(".demo-failure").filter({ hasText: "could not be fetched" }).waitFor({ timeout: 60_000 });
    await visit.page.unroute("**/*.wasm");
    await visit.run("Plan and drive", "The goal was reached");
    await visit.close();
  });

  it("storage is full: training goes on, and the page says that a reload loses it", async () => {
    const visit = await site().visit("demos/train.html?device=wasm&steps=150&width=16");
    const session = await visit.context.newCDPSession(visit.page);
    await session.send("Storage.overrideQuotaForOrigin", {
      origin: new URL(site().address("")).origin,
      quotaSize: 1000,
    });
    await visit.run("Train", "This browser keeps nothing for the page");
    await visit.page.getByRole("button", { name: "Save the bundle" }).waitFor();
    await visit.close();
  });

  it("storage is blocked: training goes on all the same, and the page says that a reload loses it", async () => {
    const blocked = `{
      const refuse = () => { throw new DOMException("Storage is blocked.", "SecurityError"); };
      StorageManager.prototype.getDirectory = async () => refuse();
      for (const name of ["sessionStorage", "localStorage", "caches"]) Object.defineProperty(globalThis, name, { get: refuse });
    }`;
    const visit = await site().visit("demos/index.html", { serviceWorkers: "block" });
    await visit.page.addInitScript(blocked);
    // Workers run no such scripts.
    await visit.page.route(/\/worker[^/]*\.js$/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${blocked}\n${await response.text()}` });
    });
    await visit.go("demos/train.html?device=wasm&steps=150&width=16");
    await visit.run("Train", "This browser keeps nothing for the page (Storage is blocked.)");
    await visit.page.getByRole("button", { name: "Save the bundle" }).waitFor();
    // The theme tells the console that it cannot remember light or dark.
    expect(visit.errors.filter((error) => error !== "" && !/blocked/.test(error))).toEqual([]);
    await visit.close();
  });

  it("less motion is wanted: the plan and its drive stand still at their end", async () => {
    const visit = await site().visit("demos/maze.html?device=wasm&maze=umaze", {
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

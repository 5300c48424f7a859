import { chromium } from "playwright";
import { describe, expect, it } from "vitest";
import { chromiumArguments, findChromium } from "../../../tools/test-devices/chromium.js";
import { Site, siteInBrowser } from "./visitor.js";

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

import { withBase } from "vitepress";

/** What was tried in this tab, so that a page that cannot be isolated is not reloaded for ever. */
const tried = "diffusion-forcing/isolation-tried";

/**
 * Registers the site's service worker (`pages/public/service-worker.js`): it keeps what was visited for when the network
 * is gone, and sends the headers that isolate pages where the host does not, as static hosts do not.
 */
export function registerServiceWorker(): void {
  if (import.meta.env.DEV || !("serviceWorker" in navigator)) return;
  addEventListener("load", () => {
    // Private windows and file addresses have none; the site works without.
    navigator.serviceWorker.register(withBase("/service-worker.js")).catch(() => {});
  });
}

/**
 * Reloads the page once where that makes it cross-origin isolated: WebAssembly then computes in several threads. Only
 * before anything was done on the page.
 *
 * @returns whether the page is about to be reloaded.
 */
export async function isolatePage(): Promise<boolean> {
  if (crossOriginIsolated || import.meta.env.DEV || !("serviceWorker" in navigator)) return false;
  try {
    if (sessionStorage.getItem(tried) !== null) return false;
    const registration = await Promise.race([
      navigator.serviceWorker.ready,
      new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 3000)),
    ]);
    if (registration === undefined) return false;
    sessionStorage.setItem(tried, "1");
    location.reload();
    return true;
  } catch {
    // Storage or workers are blocked: one thread it is.
    return false;
  }
}

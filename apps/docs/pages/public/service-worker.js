// Keeps what was visited for when the network is gone, and isolates pages from other origins, which gives WebAssembly
// shared memory and so threads: static hosts let nobody set headers.
const cacheName = "diffusion-forcing-1";
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

function isolated(response) {
  if (response.status === 0 || response.status === 304) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(isolation)) headers.set(name, value);
  const { status, statusText } = response;
  return new Response([204, 205].includes(status) ? null : response.body, { status, statusText, headers });
}

async function keep(request, response) {
  try {
    const cache = await caches.open(cacheName);
    await cache.put(request, response);
  } catch {
    // Storage is full or blocked: the page has its answer all the same.
  }
}

/** Files whose names hold a hash of what is in them never change. */
const isHashed = (url) => /\/assets\/.*\.[\w-]{8,}\.\w+$/.test(url.pathname);

async function answer(event) {
  const { request } = event;
  const url = new URL(request.url);
  if (isHashed(url)) {
    const kept = await caches.match(request).catch(() => undefined);
    if (kept !== undefined) return isolated(kept);
  }
  try {
    const response = await fetch(request);
    if (response.status === 200) event.waitUntil(keep(request, response.clone()));
    return isolated(response);
  } catch (error) {
    const kept = await caches.match(request, { ignoreSearch: request.mode === "navigate" });
    if (kept === undefined) throw error;
    return isolated(kept);
  }
}

self.addEventListener("fetch", (event) => {
  const { method, url, cache, mode } = event.request;
  if (method !== "GET" || new URL(url).origin !== self.location.origin) return;
  if (cache === "only-if-cached" && mode !== "same-origin") return;
  event.respondWith(answer(event));
});

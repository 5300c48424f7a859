import { isDiffusionForcingError } from "@diffusion-forcing/core";
import { afterEach, expect, it } from "vitest";
import { checkBlobThreads, type ThreadScope } from "./blob-threads.js";

// A frame with a policy of its own, whose workers are under that policy too.
const frames: Element[] = [];
afterEach(() => {
  for (const frame of frames.splice(0)) frame.remove();
});

interface Element {
  readonly contentWindow: ThreadScope;
  allow: string;
  srcdoc: string;
  onload: () => void;
  remove(): void;
}
const { document } = globalThis as unknown as {
  readonly document: { createElement(name: string): Element; readonly body: { append(element: Element): void } };
};

async function frameWith(policy: string): Promise<ThreadScope> {
  const frame = document.createElement("iframe");
  frames.push(frame);
  frame.allow = "cross-origin-isolated";
  frame.srcdoc = `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
  const loaded = new Promise<void>((resolve) => {
    frame.onload = resolve;
  });
  document.body.append(frame);
  await loaded;
  return frame.contentWindow;
}

const outcome = async (policy: string): Promise<string> => {
  const scope = await frameWith(policy);
  expect(scope.crossOriginIsolated).toBe(true);
  return checkBlobThreads(scope).then(
    () => "starts",
    (error: unknown) => (isDiffusionForcingError(error) ? `${error.code}: ${error.message}` : String(error)),
  );
};

it.each([
  ["script-src 'self' blob:; worker-src blob:", "starts"],
  ["script-src 'self' blob:", "starts"],
  ["script-src 'self'; worker-src blob:", "refused"],
  ["script-src 'self' blob:; worker-src 'self'", "refused"],
  ["script-src 'self'", "refused"],
])("under the policy %s it %s", async (policy, expected) => {
  const found = await outcome(policy);
  if (expected === "starts") expect(found).toBe("starts");
  else expect(found).toMatch(/^backend-unavailable: .*Add blob: to its script-src and worker-src/);
});

it("asks for nothing where the page is not isolated, and so has no threads", async () => {
  const scope = { crossOriginIsolated: false } as ThreadScope;
  await expect(checkBlobThreads(scope)).resolves.toBeUndefined();
});

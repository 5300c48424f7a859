import { expect, it } from "vitest";
import { unlessBlobsAreRefused } from "./refused-blobs.js";

const violation = (blockedURI: string, effectiveDirective: string): Event =>
  Object.assign(new Event("securitypolicyviolation"), { blockedURI, effectiveDirective });
const never = new Promise<string>(() => {});

it("gives up on a start whose blobs a policy refuses, and says what the policy needs", async () => {
  const scope = new EventTarget();
  const outcome = unlessBlobsAreRefused(never, scope);
  scope.dispatchEvent(violation("blob", "worker-src"));
  await expect(outcome).rejects.toMatchObject({
    code: "backend-unavailable",
    message: expect.stringContaining("Add blob: to its script-src and worker-src"),
  });
});

it("waits through what else a policy refuses, and gives what the start gives", async () => {
  const scope = new EventTarget();
  let finish = (_value: string): void => {};
  const starting = new Promise<string>((resolve) => {
    finish = resolve;
  });
  const outcome = unlessBlobsAreRefused(starting, scope);
  scope.dispatchEvent(violation("https://elsewhere.example/script.js", "script-src-elem"));
  scope.dispatchEvent(violation("blob", "img-src"));
  finish("started");
  expect(await outcome).toBe("started");
});

it("needs no events", async () => {
  expect(await unlessBlobsAreRefused(Promise.resolve(1), undefined)).toBe(1);
});

import { DiffusionForcingError } from "@diffusion-forcing/core";

/** What is used of a window or of a worker's global scope. */
type Scope = Pick<EventTarget, "addEventListener" | "removeEventListener">;

type Violation = Event & { readonly blockedURI?: string; readonly effectiveDirective?: string };

/**
 * `starting`, unless a content security policy refuses a script from `blob:` meanwhile. TensorFlow.js starts its threads
 * from such scripts, and waits for ever for one that is refused.
 *
 * @throws `backend-unavailable`, with what the policy has to allow.
 */
export async function unlessBlobsAreRefused<T>(
  starting: Promise<T>,
  scope: Scope | undefined = scopeOf(globalThis),
): Promise<T> {
  if (scope === undefined) return starting;
  let refuse: (event: Event) => void = () => {};
  const refused = new Promise<never>((_resolve, reject) => {
    refuse = (event) => {
      const { blockedURI = "", effectiveDirective = "" } = event as Violation;
      if (!blockedURI.startsWith("blob") || !/^(worker|script)-src/.test(effectiveDirective)) return;
      reject(
        new DiffusionForcingError(
          "backend-unavailable",
          "tfjsBackend: the WebAssembly engine did not start: in an isolated page its threads start from blob: addresses, which the content security policy refuses. Add blob: to its script-src and worker-src, or serve the page without isolation.",
        ),
      );
    };
  });
  scope.addEventListener("securitypolicyviolation", refuse);
  try {
    return await Promise.race([starting, refused]);
  } finally {
    scope.removeEventListener("securitypolicyviolation", refuse);
  }
}

/** Node's global object is no target of events. */
function scopeOf(candidate: object): Scope | undefined {
  return "addEventListener" in candidate ? (candidate as Scope) : undefined;
}

/** What this library uses of the Web Locks API. */
interface Locks {
  request(name: string, options: { signal?: AbortSignal }, granted: () => Promise<void>): Promise<void>;
}

const platformLocks = (): Locks | undefined => (globalThis as { navigator?: { locks?: Locks } }).navigator?.locks;

/**
 * Takes a lock that nobody else has, for as long as this thread lives. No event tells a page that its worker was
 * terminated, but the platform then frees the worker's locks, however busy it was.
 *
 * @returns the lock's name; undefined where there are no locks: on pages without https, in Node before 24.
 */
export function takeLifeLock(): Promise<string | undefined> {
  const locks = platformLocks();
  if (locks === undefined) return Promise.resolve(undefined);
  const name = `diffusion-forcing/${globalThis.crypto.randomUUID()}`;
  return new Promise((resolve) => {
    const forLife = (): Promise<void> => {
      resolve(name);
      return new Promise(() => {});
    };
    // Sandboxed documents have the interface and may not use it.
    locks.request(name, {}, forLife).catch(() => resolve(undefined));
  });
}

/** Calls `freed` when nobody holds the lock any more, unless `signal` aborts first. */
export function whenFreed(name: string, signal: AbortSignal, freed: () => void): void {
  platformLocks()
    ?.request(name, { signal }, async () => freed())
    .catch(() => {});
}

/** Whether a device has been lost, and who waits to hear of it. */
export class DeviceLoss {
  #reason: string | undefined;
  readonly #listeners = new Set<() => void>();

  /** @param lost settles with the reason once the device is lost; it may never settle. */
  constructor(lost: Promise<string>) {
    lost.then((reason) => {
      this.#reason = reason;
      for (const listener of this.#listeners) listener();
      this.#listeners.clear();
    });
  }

  /** Why the device was lost, once it was. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /**
   * Calls `listener` when the device is lost, at once if it is, until the function returned is called. Waiting on a
   * promise instead would keep everything that ever waited alive as long as the device.
   */
  listen(listener: () => void): () => void {
    if (this.#reason !== undefined) listener();
    else this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** How many wait. */
  get listeners(): number {
    return this.#listeners.size;
  }
}

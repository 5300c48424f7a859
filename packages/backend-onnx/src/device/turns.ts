import { DiffusionForcingError } from "@diffusion-forcing/core";

/** Does one thing at a time, in the order asked. Work that fails fails alone: what is queued behind goes on. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #closed: string | undefined;

  /** Settles as `work` does, which starts when everything asked before has ended. */
  take<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      if (this.#closed === undefined) return work();
      throw new DiffusionForcingError(
        "backend-failure",
        `ONNX Runtime cannot be used here any more: ${this.#closed}. Start another worker, or reload the page.`,
      );
    });
    this.#last = result.then(ignore, ignore);
    return result;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** Nothing starts from here on. */
  close(reason: string): void {
    this.#closed = reason;
  }
}

function ignore(): void {}

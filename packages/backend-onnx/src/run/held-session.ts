import type { RuntimeSession } from "./runtime.js";

/**
 * A session that several hold: its executable, and each device tensor it made, as the native runtime crashes where a
 * tensor outlives its session. The last to let go releases it.
 */
export class HeldSession {
  readonly session: RuntimeSession;
  #holders = 1;

  constructor(session: RuntimeSession) {
    this.session = session;
  }

  hold(): void {
    this.#holders++;
  }

  async letGo(): Promise<void> {
    if (--this.#holders === 0) await this.session.release();
  }
}

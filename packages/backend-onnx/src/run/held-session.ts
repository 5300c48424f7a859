import type { RuntimeSession, SessionOptions } from "../device/runtime.js";

/** Opens a graph's session with what is added to the device's options. */
export type OpenSession = (variant: SessionOptions) => Promise<RuntimeSession>;

/** How many times as long as its opening took a session lasts at least before it is opened anew. */
const PAYS_AFTER = 10;

const none: SessionOptions = {};

/**
 * A session that several hold: its executable, and each device tensor it made, as the native runtime crashes where a
 * tensor outlives its session. The last to let go releases it.
 */
export class HeldSession {
  readonly #open: OpenSession;
  readonly #variant: () => SessionOptions;
  #session: RuntimeSession | undefined;
  #openedWith: SessionOptions | undefined;
  #lastsUntil = 0;
  #holders = 1;

  /** @param variant what suits now, where that changes; one of a few objects. */
  constructor(open: OpenSession, variant: () => SessionOptions = () => none) {
    this.#open = open;
    this.#variant = variant;
  }

  /**
   * The session, opened where it is not yet, and opened anew where something else suits by now: how threads wait is for a
   * session's life, and one session at a time keeps one copy of the weights. Callers hold the device's turn.
   */
  async current(): Promise<RuntimeSession> {
    const variant = this.#variant();
    if (this.#session !== undefined) {
      if (variant === this.#openedWith || performance.now() < this.#lastsUntil) return this.#session;
      const outdated = this.#session;
      this.#session = undefined;
      await outdated.release();
    }
    const started = performance.now();
    this.#session = await this.#open(variant);
    const opened = performance.now();
    this.#openedWith = variant;
    this.#lastsUntil = opened + PAYS_AFTER * (opened - started);
    return this.#session;
  }

  hold(): void {
    this.#holders++;
  }

  async letGo(): Promise<void> {
    if (--this.#holders > 0) return;
    const last = this.#session;
    this.#session = undefined;
    await last?.release();
  }
}

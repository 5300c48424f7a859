/** An import that breaks a rule of `rooms.ts` today. */
export interface KnownBreach {
  /** The rule's name, or how it begins. */
  readonly rule: string;
  readonly from: string;
  readonly to: string;
}

/** A list that only gets shorter: who mends one removes it, and `npm run conventions` says when that was forgotten. */
export const knownBreaches: readonly KnownBreach[] = [];

/** The named configurations: a causal transformer and the batch it is timed on. */
export interface BenchConfig {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly feedForward: number;
  /** Tokens T. */
  readonly tokens: number;
  /** Features C. */
  readonly features: number;
  readonly batch: number;
}

export const benchConfigs: Readonly<Record<string, BenchConfig>> = {
  small: { width: 32, layers: 2, heads: 4, feedForward: 64, tokens: 32, features: 6, batch: 8 },
  base: { width: 128, layers: 4, heads: 4, feedForward: 512, tokens: 60, features: 20, batch: 32 },
  planner: { width: 128, layers: 12, heads: 4, feedForward: 512, tokens: 61, features: 20, batch: 16 },
  wide: { width: 256, layers: 6, heads: 8, feedForward: 1024, tokens: 128, features: 16, batch: 8 },
};

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
  large: { width: 512, layers: 8, heads: 8, feedForward: 2048, tokens: 64, features: 32, batch: 8 },
};

/** A video model, trained on `batch` sequences of `frames` frames. */
export interface VideoConfig {
  readonly model: "dit" | "unet";
  /** [C, H, W] of a frame. */
  readonly tokenShape: readonly number[];
  readonly width: number;
  readonly frames: number;
  readonly batch: number;
}

export const videoConfigs: Readonly<Record<string, VideoConfig>> = {
  dit: { model: "dit", tokenShape: [1, 32, 32], width: 128, frames: 8, batch: 4 },
  unet: { model: "unet", tokenShape: [1, 32, 32], width: 32, frames: 8, batch: 4 },
};

/** 3 x 3 convolutions from as many channels to as many. */
export interface ConvolutionConfig {
  readonly images: number;
  readonly shapes: readonly (readonly [channels: number, size: number])[];
}

export const convolutionConfigs: Readonly<Record<string, ConvolutionConfig>> = {
  conv: {
    images: 32,
    shapes: [
      [32, 32],
      [64, 16],
      [128, 8],
    ],
  },
};

/** The part of WebGPU that opening a device needs, by structure: its declarations are no dependency of this package. */

export interface GpuDevice {
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  readonly queue: { onSubmittedWorkDone(): Promise<unknown> };
  pushErrorScope(filter: "validation" | "out-of-memory" | "internal"): void;
  popErrorScope(): Promise<{ readonly message: string } | null>;
  destroy(): void;
}

export interface GpuAdapter {
  readonly features: ReadonlySet<string>;
  readonly limits: Readonly<Record<string, number>>;
  readonly info?: object;
  requestDevice(descriptor: { readonly requiredLimits: Readonly<Record<string, number>> }): Promise<GpuDevice>;
}

export interface Gpu {
  requestAdapter(options: { readonly powerPreference: string }): Promise<GpuAdapter | null>;
}

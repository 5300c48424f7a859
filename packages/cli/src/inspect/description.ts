/** What is known of a file of tensors or a graph. */
export interface FileDescription {
  readonly file: string;
  readonly kind: "safetensors" | "onnx";
  readonly summary: Readonly<Record<string, unknown>>;
  /** The file's own key-value strings. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly { readonly name: string; readonly type: string }[];
}

/** What is known of a model's folder beyond its weights; what is not there, or cannot be read, is left out. */
export interface ModelDescription {
  /** What the model is: kind, maze or task, process, model, codec. */
  readonly config?: unknown;
  /** How it was trained. */
  readonly training?: unknown;
  /** How the training went. */
  readonly result?: unknown;
  /** What its card says first. */
  readonly card?: string;
}

export interface Description extends FileDescription {
  readonly model?: ModelDescription;
}

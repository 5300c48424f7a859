/**
 * Which rooms of a package may import which, as ARCHITECTURE.md draws them: never upward. A room is a folder in `src`,
 * or a file directly in it. Types count: an import that the compiler erases still says what knows what.
 */
export type Rooms = Readonly<Record<string, readonly string[]>>;

/** From the bottom up; every room may import all that stand before it, unless it says otherwise. */
const core: Rooms = {
  engine: [],
  metrics: ["engine"],
  process: ["engine"],
  models: ["engine", "process"],
  // A model together with its process, and the loss of both.
  diffusion: ["engine", "process", "models"],
  training: ["engine", "process", "models", "diffusion"],
  // Codecs that learn are trained as models are.
  codecs: ["engine", "models", "training"],
  sampling: ["engine", "process", "models", "diffusion"],
  likelihood: ["engine", "process", "models", "diffusion", "sampling"],
  bundle: ["engine", "process", "models", "diffusion", "codecs", "training", "sampling", "likelihood"],
  // Where bundles come from, behind subpaths of their own: /node needs Node, /hub an optional peer.
  node: ["engine", "bundle"],
  hub: ["engine", "bundle"],
  // What exists only to match the official code: nobody in core imports it.
  official: ["engine", "process", "models", "diffusion", "training", "sampling", "bundle"],
  "forcing.ts": ["engine", "process", "models", "diffusion", "training", "sampling", "likelihood"],
};
const below = Object.keys(core);

/** Both backends tell one story: `device` and `compile` know no runs, `run` knows no platform, and platforms not each other. */
const backend: Rooms = {
  device: [],
  compile: ["device"],
  run: ["device", "compile"],
  node: ["device", "compile", "run"],
  web: ["device", "compile", "run"],
  "index.ts": ["device", "compile", "run", "node"],
};

export const roomsOf: Readonly<Record<string, Rooms>> = {
  core: {
    ...core,
    testing: below.filter((room) => room !== "official"),
    entries: [...below, "testing"],
    "index.ts": [...below.filter((room) => room !== "official"), "entries"],
  },
  // Compiling is writing a file, of which a device opens the smallest to see whether it is there; it knows no device.
  "backend-onnx": { ...backend, compile: [], device: ["compile"] },
  "backend-tfjs": backend,
};

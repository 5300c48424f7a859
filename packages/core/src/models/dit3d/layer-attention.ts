import { reshape, slice, transpose } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import type { LayerMemory, MemoryReading, MemoryTurns } from "../key-value-memory.js";
import { type AttentionOptions, type Groups, selfAttention } from "./attention.js";
import { type DiT3dConfig, type PatchGrid, patchGridOf } from "./config.js";
import { type Axes, patchRotaryTables } from "./positions.js";
import type { Sizes } from "./sizes.js";

/** How the layer of that index mixes projected rows [T * N * B, 3 width], to [T * N * B, width]. */
export type Attention = (projected: Value, index: number) => Value;

/** What a layer attends to: all patches of all frames, the patches of each frame, or each patch along time. */
type Reach = "all" | "frame" | "time";

function reachOf({ attention }: DiT3dConfig, index: number): Reach {
  if (attention === "full") return "all";
  return index % 2 === 0 ? "frame" : "time";
}

const single: PatchGrid = { rows: 1, columns: 1, features: 0 };

/** What positions are told apart by within that reach. */
function axesOf(reach: Reach, grid: PatchGrid): Axes {
  return { time: reach !== "frame", grid: reach === "time" ? single : grid };
}

function optionsOf(config: DiT3dConfig, reach: Reach, { batch, length, grid, patches }: Sizes): AttentionOptions {
  const { heads, width, causal, positions } = config;
  const groups: Groups = {
    all: { outer: 1, length: length * patches, inner: batch },
    frame: { outer: length, length: patches, inner: batch },
    time: { outer: 1, length, inner: patches * batch },
  }[reach];
  const block = reach === "time" ? 1 : patches;
  const frames = reach === "frame" ? 1 : length;
  return {
    groups,
    heads,
    rotary: positions === "rotary" ? patchRotaryTables(frames, axesOf(reach, grid), width / heads) : undefined,
    causalBlock: causal && block < groups.length ? block : undefined,
  };
}

/** Attention within a window of frames. */
export function windowAttention(config: DiT3dConfig, sizes: Sizes): Attention {
  const options = memoized((reach: Reach) => optionsOf(config, reach, sizes));
  return (projected, index) => selfAttention(projected, options(reachOf(config, index)));
}

/** What the layers that attend along time remember. */
export function layerMemories(config: DiT3dConfig): LayerMemory[] {
  const { rows, columns } = patchGridOf(config);
  return Array.from({ length: config.layers }, (_, index) => index)
    .filter((index) => reachOf(config, index) !== "frame")
    .map((index) => memoryOfLayer(config, index, rows * columns));
}

function memoryOfLayer(config: DiT3dConfig, index: number, patches: number): LayerMemory {
  const isFull = reachOf(config, index) === "all";
  return {
    name: `layers.${index}`,
    groups: isFull ? config.heads : patches * config.heads,
    rows: isFull ? patches : 1,
    depth: config.width / config.heads,
  };
}

/** As {@link windowAttention}, of frames that stand after what is remembered. */
export function memoryAttention(config: DiT3dConfig, sizes: Sizes, reading: MemoryReading): Attention {
  const { heads, width } = config;
  const { batch, length, grid, patches } = sizes;
  const depth = width / heads;
  const options = memoized((reach: Reach) => optionsOf(config, reach, sizes));
  const turns = memoized((reach: Reach): MemoryTurns => {
    const axes = axesOf(reach, grid);
    return {
      past: patchRotaryTables(reading.tokens, axes, depth, -reading.tokens),
      own: patchRotaryTables(length, axes, depth),
    };
  });
  return (projected, index) => {
    const reach = reachOf(config, index);
    if (reach === "frame") return selfAttention(projected, options(reach));
    const layer = memoryOfLayer(config, index, patches);
    // [n, N, B, heads, depth] to [B, heads, n * N, depth], or along time to [B, N * heads, n, depth].
    const order = reach === "all" ? [2, 3, 0, 1, 4] : [2, 1, 3, 0, 4];
    const part = (which: number): Value => {
      const own = slice(projected, 1, which * width, (which + 1) * width);
      const apart = transpose(reshape(own, [length, patches, batch, heads, depth]), order);
      return reshape(apart, [batch, layer.groups, length * layer.rows, depth]);
    };
    const mixed = reading.attend(layer, part(0), { keys: part(1), values: part(2) }, turns(reach));
    const split = order.map((axis) => [length, patches, batch, heads, depth][axis] as number);
    const back = order.map((_, axis) => order.indexOf(axis));
    return reshape(transpose(reshape(mixed, split), back), [length * patches * batch, width]);
  };
}

function memoized<K, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>();
  return (key) => {
    const value = made.get(key) ?? make(key);
    made.set(key, value);
    return value;
  };
}

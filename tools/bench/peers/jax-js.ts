/** The training step of the benchmarks in jax-js: the same network, loss, noise and optimiser, jitted as one function. */
import { createRandom, type Diffusion, type HostTensor, type HostTensorRecord } from "@diffusion-forcing/core";
import { type GaussianPath, independentNoiseLevels } from "@diffusion-forcing/core/process";
import { jit, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import type { BenchConfig } from "../configs.js";

type Arrays = Record<string, np.Array>;

const learningRate = 5e-4;
const [beta1, beta2] = [0.9, 0.999];
const epsilon = 1e-8;
const weightDecay = 1e-4;

/** Sinusoidal embeddings of positions first, first + 1, ...: rows of `width`. */
function sinusoids(first: number, count: number, width: number): Float32Array {
  const half = width / 2;
  const table = new Float32Array(count * width);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < half; j++) {
      const angle = (first + i) * Math.exp((-j * Math.log(10000)) / (half - 1));
      table[i * width + j] = Math.sin(angle);
      table[i * width + half + j] = Math.cos(angle);
    }
  }
  return table;
}

/** 0 where token i may see token j, -1e9 where not: [T, T]. */
function causalMask(length: number): Float32Array {
  const mask = new Float32Array(length * length);
  for (let i = 0; i < length; i++) mask.fill(-1e9, i * length + i + 1, (i + 1) * length);
  return mask;
}

/** x [rows, inputs] W + b; jax-js owns what it is given, hence `.ref` wherever a value is used again. */
const dense = (p: Arrays, name: string, x: np.Array): np.Array =>
  np.matmul(x, p[`${name}.weight`]!.ref).add(p[`${name}.bias`]!.ref);

const norm = (p: Arrays, name: string, x: np.Array): np.Array =>
  nn.standardize(x).mul(p[`${name}.scale`]!.ref).add(p[`${name}.bias`]!.ref);

/** The network on rows [B * T, C + width / 2] of noised tokens beside the embeddings of their levels. */
function network(config: BenchConfig, p: Arrays, rows: np.Array, constants: Arrays): np.Array {
  const { batch, tokens, width, heads, layers } = config;
  const separate = [batch, tokens, heads, width / heads];
  let hidden = dense(p, "embedding2", nn.relu(dense(p, "embedding1", rows)));
  hidden = hidden
    .reshape([batch, tokens, width])
    .add(constants.positions!.ref)
    .reshape([batch * tokens, width]);
  for (let layer = 0; layer < layers; layer++) {
    const name = `layers.${layer}`;
    // `nn.dotProductAttention` would do, but needs iterator helpers, which Node 20 lacks.
    const role = (kind: string): np.Array =>
      dense(p, `${name}.attention.${kind}`, hidden.ref).reshape(separate).transpose([0, 2, 1, 3]); // [B, heads, T, d]
    const scores = np.matmul(role("query"), role("key").transpose([0, 1, 3, 2])).mul(1 / Math.sqrt(width / heads));
    const mixed = np.matmul(nn.softmax(scores.add(constants.mask!.ref)), role("value")).transpose([0, 2, 1, 3]);
    const attended = dense(p, `${name}.attention.output`, mixed.reshape([batch * tokens, width]));
    hidden = norm(p, `${name}.norm1`, hidden.add(attended));
    const expanded = nn.relu(dense(p, `${name}.feedForward1`, hidden.ref));
    hidden = norm(p, `${name}.norm2`, hidden.add(dense(p, `${name}.feedForward2`, expanded)));
  }
  const predicted = dense(p, "output", hidden);
  tree.dispose([p, constants]);
  return predicted;
}

/** Mean of the squared error of x0, weighted by token. */
const lossOf =
  (config: BenchConfig) =>
  (p: Arrays, constants: Arrays, rows: np.Array, target: np.Array, weights: np.Array): np.Array =>
    np.mean(np.square(network(config, p, rows, constants).sub(target)).mul(weights));

/** Forward, backward and AdamW as one compiled function. */
function stepOf(config: BenchConfig) {
  const slopesOf = valueAndGrad(lossOf(config));
  return jit(
    (
      p: Arrays,
      first: Arrays,
      second: Arrays,
      scalars: Arrays,
      constants: Arrays,
      batch: Arrays,
    ): [np.Array, Arrays, Arrays, Arrays] => {
      const [loss, slopes] = slopesOf(tree.ref(p), constants, batch.rows!, batch.target!, batch.weights!) as [
        np.Array,
        Arrays,
      ];
      const next: [Arrays, Arrays, Arrays] = [{}, {}, {}];
      for (const [name, slope] of Object.entries(slopes)) {
        const m = first[name]!.mul(beta1).add(slope.ref.mul(1 - beta1));
        const v = second[name]!.mul(beta2).add(np.square(slope).mul(1 - beta2));
        const deviation = np.sqrt(v.ref).add(scalars.epsilon!.ref);
        const update = m.ref.div(deviation).mul(scalars.stepSize!.ref);
        next[0][name] = p[name]!.mul(1 - learningRate * weightDecay).sub(update);
        next[1][name] = m;
        next[2][name] = v;
      }
      tree.dispose(scalars);
      return [loss, ...next];
    },
  );
}

const isMatrix = (name: string): boolean => name.endsWith(".weight");

/** The library stores matrices as [outputs, inputs]; jax-js multiplies fastest by [inputs, outputs]. */
function upload(name: string, { data, shape }: HostTensor): np.Array {
  const array = np.array(data as Float32Array<ArrayBuffer>, { shape: [...shape] });
  return isMatrix(name)
    ? np.array(array.transpose().dataSync() as Float32Array<ArrayBuffer>, { shape: [...shape].reverse() })
    : array;
}

export interface PeerTraining {
  /** One step on fresh levels and noise, drawn as the library draws them; its loss. */
  step(): Promise<number>;
  dispose(): void;
}

/** Trains on `tokens` [B, T, C] from the given parameters of the library's transformer. */
export function jaxTraining(
  config: BenchConfig,
  { process }: Diffusion,
  parameters: HostTensorRecord,
  tokens: HostTensor,
): PeerTraining {
  const { batch, tokens: length, features, width } = config;
  const { levels, signalToNoise } = process;
  const { signal, noise: spread } = process.path as GaussianPath;
  const root = createRandom(0).split("training");
  const embeddings = sinusoids(-1, levels + 1, width / 2);
  const inputs = features + width / 2;
  const constants: Arrays = {
    positions: np.array(sinusoids(0, length, width) as Float32Array<ArrayBuffer>, { shape: [length, width] }),
    mask: np.array(causalMask(length) as Float32Array<ArrayBuffer>, { shape: [length, length] }),
  };
  const clean = np.array(tokens.data as Float32Array<ArrayBuffer>, { shape: [batch * length, features] });
  const step = stepOf(config);
  let state = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, upload(name, value)]));
  const zeros = (): Arrays => tree.map((value: np.Array) => np.zeros(value.shape), state) as Arrays;
  let [first, second] = [zeros(), zeros()];
  let count = 0;

  const draw = (): Arrays => {
    const random = root.split(count);
    const noise = new Float32Array(batch * length * features);
    random.split("noise").fillNormal(noise, { clip: process.noiseClip });
    const drawn = independentNoiseLevels(random.split("levels"), { batch, tokens: length, levels }).data;
    const rows = new Float32Array(batch * length * inputs);
    const weights = new Float32Array(batch * length);
    for (let row = 0; row < batch * length; row++) {
      const level = drawn[row]!;
      weights[row] = Math.min(signalToNoise[level]!, 5);
      for (let c = 0; c < features; c++) {
        rows[row * inputs + c] =
          signal[level]! * (tokens.data[row * features + c] as number) + spread[level]! * noise[row * features + c]!;
      }
      rows.set(embeddings.subarray((level * width) / 2, ((level + 1) * width) / 2), row * inputs + features);
    }
    return {
      rows: np.array(rows, { shape: [batch * length, inputs] }),
      weights: np.array(weights, { shape: [batch * length, 1] }),
      target: clean.ref,
    };
  };

  return {
    step: async () => {
      count++;
      const correction = Math.sqrt(1 - beta2 ** count);
      const scalars = {
        stepSize: np.array(new Float32Array([(learningRate * correction) / (1 - beta1 ** count)]), { shape: [] }),
        epsilon: np.array(new Float32Array([epsilon * correction]), { shape: [] }),
      };
      const [loss, ...next] = step(state, first, second, scalars, tree.ref(constants), draw()) as [
        np.Array,
        Arrays,
        Arrays,
        Arrays,
      ];
      [state, first, second] = next;
      return (await loss.data())[0] as number;
    },
    dispose: () => {
      for (const arrays of [state, first, second, constants, { clean }]) tree.dispose(arrays);
      step.dispose();
    },
  };
}

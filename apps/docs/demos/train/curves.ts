import { type HostTensor, type RandomStream, tensor } from "@diffusion-forcing/core";
import { curveTokens, type RunSettings } from "./protocol";

type Draw = (random: RandomStream) => readonly number[];

const tokens = (value: (t: number) => number): number[] => Array.from({ length: curveTokens }, (_, t) => value(t));

const generators: Readonly<Record<Exclude<RunSettings["source"], "drawn">, Draw>> = {
  waves: (random) => {
    const [phase, height] = [2 * Math.PI * random.uniform(), 0.5 + 0.4 * random.uniform()];
    return tokens((t) => height * Math.sin(phase + t / 2));
  },
  steps: (random) => {
    const [at, low, high] = [random.integer(3, 13), -0.9 + 0.6 * random.uniform(), 0.3 + 0.6 * random.uniform()];
    return tokens((t) => (t < at ? low : high));
  },
  bumps: (random) => {
    const [at, width, height] = [
      2 + 11 * random.uniform(),
      1 + 1.5 * random.uniform(),
      random.uniform() < 0.5 ? -0.9 : 0.9,
    ];
    return tokens((t) => height * Math.exp(-(((t - at) / width) ** 2)));
  },
};

/** A drawn curve, a little higher or lower and stretched: from a few strokes a model has to learn more than them. */
function near(curve: readonly number[], random: RandomStream): readonly number[] {
  const [shift, stretch] = [0.08 * (2 * random.uniform() - 1), 1 + 0.1 * (2 * random.uniform() - 1)];
  return curve.map((value) => stretch * value + shift);
}

/** A batch of what is trained on, [batch, 16, 1]. */
export function drawCurves({ source, drawn }: RunSettings, batch: number, random: RandomStream): HostTensor {
  const data = new Float32Array(batch * curveTokens);
  for (let b = 0; b < batch; b++) {
    const stream = random.split(b);
    const curve =
      source === "drawn"
        ? near(drawn[stream.integer(0, drawn.length)] as readonly number[], stream)
        : generators[source](stream);
    data.set(curve, b * curveTokens);
  }
  return tensor(data, [batch, curveTokens, 1]);
}

import {
  type Backend,
  createRandom,
  gradient,
  matmul,
  readTensor,
  referenceBackend,
  softmax,
  sum,
  type TensorRecord,
  tensor,
  trace,
  type Value,
} from "@diffusion-forcing/core";

export interface Probe {
  /** Largest difference from the reference over a forward and backward pass, relative to its largest value. */
  readonly parity: number;
  /** Median time of a 256 x 256 matrix product, call overhead included. */
  readonly matmulMilliseconds: number;
}

const square = { dtype: "float32", shape: [256, 256] } as const;

/** Checks a backend's numbers and takes its time. */
export async function probeBackend(backend: Backend): Promise<Probe> {
  const random = createRandom(0);
  const normal = (): Float32Array => {
    const data = new Float32Array(256 * 256);
    random.fillNormal(data);
    return data;
  };
  const inputs = { a: tensor(normal(), square.shape), b: tensor(normal(), square.shape) };
  const check = trace({ a: square, b: square }, ({ a, b }) => {
    const objective = sum(softmax(matmul(a, b, { transposeB: true })));
    return { slope: gradient(sum(matmul(softmax(a), b)), [a])[0] as Value, objective };
  });
  const product = trace({ a: square, b: square }, ({ a, b }) => ({ c: matmul(a, b) }));
  const own = await runOnce(backend, check, inputs);
  const expected = await runOnce(referenceBackend(), check, inputs);
  const executable = await backend.compile(product);
  const times: number[] = [];
  for (let i = 0; i < 12; i++) {
    const started = performance.now();
    await executable.run(inputs);
    times.push(performance.now() - started);
  }
  executable.dispose();
  return { parity: difference(own, expected), matmulMilliseconds: times.sort((a, b) => a - b)[6] as number };
}

async function runOnce(backend: Backend, graph: ReturnType<typeof trace>, inputs: TensorRecord): Promise<number[]> {
  const executable = await backend.compile(graph);
  const outputs = await executable.run(inputs);
  const values: number[] = [];
  for (const output of Object.values(outputs)) values.push(...(await readTensor(output)).data);
  executable.dispose();
  return values;
}

function difference(a: readonly number[], b: readonly number[]): number {
  const largest = b.reduce((found, value) => Math.max(found, Math.abs(value)), 0);
  return a.reduce((found, value, i) => Math.max(found, Math.abs(value - (b[i] as number))), 0) / largest;
}

import { describe, expect, it } from "vitest";
import { checkLaw } from "../../testing/law.js";
import { kolmogorovSmirnov, normalDistribution } from "../../testing/statistics.js";
import { isDiffusionForcingError } from "../errors.js";
import { createRandom, type RandomState, RandomStream } from "./random-stream.js";
import { threefry2x32 } from "./threefry.js";

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

function hex(words: Iterable<number>): string[] {
  return Array.from(words, (word) => word.toString(16).padStart(8, "0"));
}

/** FNV-1a over 32-bit words. */
function checksum(words: Uint32Array): string {
  let hash = 0x811c9dc5;
  for (const word of words) hash = Math.imul(hash ^ word, 0x01000193);
  return (hash >>> 0).toString(16);
}

function errorOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("RandomStream: bits that no release may change", () => {
  it("nextUint32 gives the Threefry blocks of the counters 0, 1, ... under the seed's words", () => {
    const stream = createRandom(0);
    expect(hex([stream.nextUint32(), stream.nextUint32()])).toEqual(["6b200159", "99ba4efe"]);
    // An integer's lower and upper 32 bits; a pair as it is.
    expect(createRandom(0x1_2345_6789_abcd).state().key).toEqual([0x6789abcd, 0x12345]);
    expect(createRandom([0x13198a2e, 0x03707344]).state().key).toEqual([0x13198a2e, 0x03707344]);
  });

  it("counts blocks in 64 bits, with the carry between the two words", () => {
    const at = (low: number, high: number, key: readonly [number, number] = [0, 0]) =>
      RandomStream.fromState({ algorithm: "threefry2x32-20", key, position: 2 * (high * 2 ** 32 + low) });
    const block = new Uint32Array(2);
    threefry2x32(0x13198a2e, 0x03707344, 0x243f6a88, 0x000308d3, block);
    const far = at(0x243f6a88, 0x000308d3, [0x13198a2e, 0x03707344]);
    expect([far.nextUint32(), far.nextUint32()]).toEqual(Array.from(block));
    const stream = at(0xffffffff, 0);
    stream.nextUint32();
    stream.nextUint32();
    expect(stream.state().position).toBe(2 ** 33);
    expect(stream.nextUint32()).toBe(at(0, 1).nextUint32());
  });

  it("normals of seed 0, as float32 bits", () => {
    const values = new Float32Array(1_000_000);
    createRandom(0).fillNormal(values);
    expect(hex(bitsOf(values).subarray(0, 8))).toEqual([
      "be52c848",
      "3e826010",
      "bef71a5d",
      "3f2f6949",
      "be8acc86",
      "400a65f3",
      "3f164055",
      "c002ef8e",
    ]);
    expect(checksum(bitsOf(values))).toBe("6ca1cd2e");
  });

  it("split streams of seed 0", () => {
    const first = (label: string | number) => createRandom(0).split(label).nextUint32();
    expect(hex(["noise", "", 0, 1, "1"].map(first))).toEqual([
      "0eec604b",
      "fd7783ff",
      "614c052c",
      "4265ca88",
      "3c3156d0",
    ]);
  });
});

describe("RandomStream: one by one, filled, resumed", () => {
  // 7 values, so that a second fill begins in the middle of a block.
  it("fillNormal is normal(), clamped and rounded, and leaves the same state", () => {
    const [filled, single] = [createRandom(3), createRandom(3)];
    for (const clip of [undefined, 0.7]) {
      const target = new Float32Array(7);
      filled.fillNormal(target, clip === undefined ? {} : { clip });
      const bound = clip ?? Number.POSITIVE_INFINITY;
      expect(Array.from(target)).toEqual(
        Array.from({ length: 7 }, () => Math.fround(Math.max(-bound, Math.min(bound, single.normal())))),
      );
      expect(filled.state()).toEqual(single.state());
    }
  });

  it("fillUniform is uniform() cut to 24 bits, and leaves the same state", () => {
    const [filled, single] = [createRandom(3), createRandom(3)];
    for (let round = 0; round < 2; round++) {
      const target = new Float32Array(7);
      filled.fillUniform(target);
      expect(Array.from(target)).toEqual(
        Array.from({ length: 7 }, () => Math.floor(single.uniform() * 2 ** 24) / 2 ** 24),
      );
      expect(filled.state()).toEqual(single.state());
    }
  });

  it("fillIntegers is integer(), redraws included, and leaves the same state", () => {
    const [filled, single] = [createRandom(3), createRandom(3)];
    for (const [low, high] of [
      [0, 1000],
      [-(2 ** 31), 2 ** 30 + 1], // a quarter of the words is redrawn
    ] as const) {
      const target = new Int32Array(7);
      filled.fillIntegers(target, low, high);
      expect(Array.from(target)).toEqual(Array.from({ length: 7 }, () => single.integer(low, high)));
      expect(filled.state()).toEqual(single.state());
    }
  });

  it("continues exactly from a state that went through JSON, at even and odd positions", () => {
    for (const drawn of [0, 1, 2, 5]) {
      const stream = createRandom(11);
      for (let i = 0; i < drawn; i++) stream.nextUint32();
      const state = JSON.parse(JSON.stringify(stream.state())) as RandomState;
      expect(state.position).toBe(drawn);
      const resumed = RandomStream.fromState(state);
      const next = () => [stream.normal(), stream.uniform(), stream.integer(0, 10)];
      expect([resumed.normal(), resumed.uniform(), resumed.integer(0, 10)]).toEqual(next());
      expect(resumed.state()).toEqual(stream.state());
    }
  });

  it("split depends on key and label alone and draws nothing", () => {
    const stream = createRandom(5);
    const before = stream.split("noise").state();
    stream.nextUint32();
    expect(stream.split("noise").state()).toEqual(before);
    expect(stream.state().position).toBe(1);
  });

  it("split gives different streams for different labels, nestings and parents", () => {
    const root = createRandom(5);
    const long = "a".repeat(1000);
    const children = [
      ...["", "\0", "\0\0", "a", "aa", "a\0", "noise", long, `${long}a`, "0", "1"].map((label) => root.split(label)),
      ...[0, 1, 2, 2 ** 32, 2 ** 53 - 1].map((label) => root.split(label)),
      root.split("a").split("a"),
      root.split("a").split("b"),
      root.split("b").split("a"),
      createRandom(6).split("a"),
      root,
    ];
    expect(new Set(children.map((child) => child.state().key.join())).size).toBe(children.length);
  });
});

describe("RandomStream: laws", () => {
  const count = 200_000;
  const normals = new Float32Array(count);
  createRandom(1).fillNormal(normals);

  it("normals have the moments of a normal", () => {
    const moment = (power: number) => normals.reduce((sum, value) => sum + value ** power, 0) / count;
    // Bounds: four standard errors, sqrt(1, 2, 15, 96 / n).
    expect(Math.abs(moment(1))).toBeLessThan(4 * Math.sqrt(1 / count));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / count));
    expect(Math.abs(moment(3))).toBeLessThan(4 * Math.sqrt(15 / count));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / count));
  });

  it("normals are normal", ({ task }) => {
    const stream = createRandom(1);
    const threeUniforms = normals.map(() => 2 * (stream.uniform() + stream.uniform() + stream.uniform() - 1.5));
    const fit = (values: Float32Array) => kolmogorovSmirnov(values, normalDistribution);
    checkLaw(task, {
      law: "Normal draws are normal",
      statistic: "p, Kolmogorov-Smirnov of 200,000 draws",
      found: fit(normals),
      within: [1e-3, 1],
      broken: {
        "three uniforms added up: right moments, short tails": fit(threeUniforms),
        "a mean of 0.02": fit(normals.map((value) => value + 0.02)),
        "a deviation of 1.03": fit(normals.map((value) => value * 1.03)),
      },
    });
  });

  it("streams split from one another, and neighbouring values, are uncorrelated", () => {
    const correlation = (a: Float32Array, b: Float32Array) =>
      Math.abs(a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)) / Math.sqrt(count);
    const filled = (stream: RandomStream) => {
      const target = new Float32Array(count);
      stream.fillNormal(target);
      return target;
    };
    const root = createRandom(1);
    const streams = [root, root.split("noise"), root.split("levels"), root.split(0), root.split(1)].map(filled);
    for (const [i, a] of streams.entries()) {
      for (const b of streams.slice(i + 1)) expect(correlation(a, b)).toBeLessThan(4);
      expect(correlation(a, a.subarray(1))).toBeLessThan(4);
      expect(correlation(a, a.subarray(2))).toBeLessThan(4);
    }
    // What the bound must catch: a stream that shares a tenth of its values with another.
    const mixed = streams[0]!.map((value, i) => (i % 10 === 0 ? value : streams[1]![i]!));
    expect(correlation(streams[0]!, mixed)).toBeGreaterThan(4);
  });

  it("integers hit every value of the range equally often", () => {
    const values = new Int32Array(60_000);
    createRandom(1).fillIntegers(values, -3, 3);
    const counts = new Map<number, number>();
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([-3, -2, -1, 0, 1, 2]);
    let chiSquare = 0;
    for (const hits of counts.values()) chiSquare += (hits - 10_000) ** 2 / 10_000;
    expect(chiSquare).toBeLessThan(20.5); // 5 degrees of freedom at 1e-3
  });

  it("integers are unbiased in a range where word % range would favour the lower third", () => {
    const range = 3 * 2 ** 30;
    const share = (draw: (stream: RandomStream) => number) => {
      const stream = createRandom(1);
      let low = 0;
      for (let i = 0; i < 10_000; i++) if (draw(stream) < 2 ** 30) low++;
      return low / 10_000;
    };
    // Standard error 0.0047.
    expect(Math.abs(share((stream) => stream.integer(0, range)) - 1 / 3)).toBeLessThan(0.02);
    expect(Math.abs(share((stream) => stream.nextUint32() % range) - 1 / 3)).toBeGreaterThan(0.1);
  });

  it("uniforms stay below 1 and integers within the full 32-bit range", () => {
    const uniforms = new Float32Array(count);
    createRandom(1).fillUniform(uniforms);
    expect(uniforms.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(Math.abs(uniforms.reduce((sum, value) => sum + value, 0) / count - 0.5)).toBeLessThan(
      4 * Math.sqrt(1 / 12 / count),
    );
    expect(createRandom(0).integer(0, 2 ** 32)).toBe(0x6b200159);
    expect(createRandom(0).integer(7, 8)).toBe(7);
  });
});

describe("RandomStream: refusals", () => {
  const stream = createRandom(0);
  const state = stream.state();

  it.each<[string, () => unknown, string]>([
    ["a negative seed", () => createRandom(-1), "createRandom: seed is -1; expected an integer from 0 to 2^53 - 1"],
    ["a fractional seed", () => createRandom(0.5), "seed is 0.5"],
    ["a seed beyond 2^53", () => createRandom(2 ** 53), "seed is 9007199254740992"],
    ["a key word beyond 32 bits", () => createRandom([0, 2 ** 32]), "got the key [0, 4294967296]"],
    ["an empty range", () => stream.integer(3, 3), "integer: got the range 3..3"],
    ["a fractional range", () => stream.integer(0, 1.5), "got the range 0..1.5"],
    ["a range beyond 2^32", () => stream.integer(0, 2 ** 32 + 1), "expected integers 1 to 2^32 apart"],
    ["integers beyond int32", () => stream.fillIntegers(new Int32Array(1), 0, 2 ** 32), "an Int32Array holds -2^31"],
    [
      "a clip of 0",
      () => stream.fillNormal(new Float32Array(1), { clip: 0 }),
      "fillNormal: clip is 0; expected a positive number.",
    ],
    ["a negative label", () => stream.split(-1), "split: label is -1"],
    ...[undefined, null, 5n, {}, true, ["a"], 0.5, Number.NaN].map((label) => {
      const refused: [string, () => unknown, string] = [
        `a label of ${typeof label}`,
        () => stream.split(label as never),
        "; expected a string or an integer from 0 to 2^53 - 1",
      ];
      return refused;
    }),
    ...[undefined, 5, [0, 0], new Float64Array(1)].flatMap((target) => {
      const refused: [string, () => unknown, string][] = [
        ["no target of normals", () => stream.fillNormal(target as never), "fillNormal: the target is "],
        ["no target of uniforms", () => stream.fillUniform(target as never), "fillUniform: the target is "],
        ["no target of integers", () => stream.fillIntegers(target as never, 0, 2), "fillIntegers: the target is "],
      ];
      return refused;
    }),
    ["options of null", () => stream.fillNormal(new Float32Array(1), null as never), "fillNormal: the value is null"],
    ["a clip that is an object", () => stream.fillNormal(new Float32Array(1), { clip: {} as never }), "an object"],
    ["a range of objects", () => stream.integer({} as never, 1n as never), "got the range an object..1n"],
    [
      "another algorithm's state",
      () => RandomStream.fromState({ ...state, algorithm: "mt19937" as "threefry2x32-20" }),
      'algorithm "mt19937"; expected "threefry2x32-20"',
    ],
    ["a negative position", () => RandomStream.fromState({ ...state, position: -2 }), "got position -2"],
    [
      "a state without a key",
      () => RandomStream.fromState({ algorithm: "threefry2x32-20", position: 0 } as unknown as RandomState),
      "got the key undefined",
    ],
  ])("refuses %s", (_, action, message) => {
    const error = errorOf(action);
    expect(isDiffusionForcingError(error, "invalid-argument")).toBe(true);
    expect(String(error)).toContain(message);
  });
});

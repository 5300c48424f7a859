import { expect, it } from "vitest";
import { tensor } from "../engine/tensor/tensor.js";
import { packState, stateLayout, unpackState } from "./state-layout.js";

const initializer = { kind: "zeros" } as const;
const network = {
  config: { kind: "test" },
  tokenShape: [1],
  parameters: {
    a: { shape: [2], initializer },
    b: { shape: [1], initializer },
    c: { shape: [1], initializer },
    d: { shape: [1], initializer },
  },
};
const group = (name: string) => (name === "a" || name === "b" ? {} : { learningRate: 0.5 });

it("packs what is in one group of the optimiser, and tells the group of each pack", () => {
  const { packs, groups, groupOf } = stateLayout(network, { group, weightDecay: 0.1 });
  expect(groups).toEqual([
    { learningRate: 1, weightDecay: 0.1, ascent: 0 },
    { learningRate: 0.5, weightDecay: 0.1, ascent: 0 },
  ]);
  expect([...packs.members]).toEqual([
    ["pack [*]", ["a", "b"]],
    ["pack [*] of group 1", ["c", "d"]],
  ]);
  expect([groupOf("pack [*]"), groupOf("pack [*] of group 1")]).toEqual([0, 1]);
});

it("packs each group of a state under its name, and takes apart those that it is asked for", () => {
  const layout = stateLayout(network, { group, weightDecay: 0.1 });
  const state = (from: number) => ({
    a: tensor([from, from + 1]),
    b: tensor([from + 2]),
    c: tensor([from + 3]),
    d: tensor([from + 4]),
  });
  const packed = packState(layout, { parameters: state(0), first: state(10) });
  expect(packed).toEqual({
    "parameters/pack [*]": tensor([0, 1, 2]),
    "parameters/pack [*] of group 1": tensor([3, 4]),
    "first/pack [*]": tensor([10, 11, 12]),
    "first/pack [*] of group 1": tensor([13, 14]),
  });
  expect(unpackState(layout, ["first"], packed)).toEqual({ first: state(10) });
});

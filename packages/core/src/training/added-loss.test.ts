import { expect, it } from "vitest";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { withAdded } from "./added-loss.js";

it("adds a mean to the loss, and as much of it to the sum as it is divided by", () => {
  const scalar = (x: number) => tensor([x], []);
  const given = { loss: scalar(3), total: scalar(12), denominator: scalar(4), extra: scalar(0.5) };
  const graph = trace(given, ({ extra, ...loss }) => ({ ...withAdded(loss, extra) }));
  const numbers = Object.entries(evaluateGraph(graph, given)).map(([name, { data }]) => [name, data[0]]);
  expect(Object.fromEntries(numbers)).toEqual({ loss: 3.5, total: 14, denominator: 4 });
});

import { emit } from "../../engine/graph/emit.js";
import { buildGraph, type Graph } from "../../engine/graph/graph.js";
import { printGraph } from "../../engine/graph/print.js";
import { input } from "../../engine/graph/trace.js";
import type { OpAttributes, OpName, Value, ValueOf } from "../../engine/graph/value.js";
import type { HostTensor } from "../../engine/tensor/tensor.js";

/** A node of a recipe: a tensor that is given, or an op on earlier nodes. */
export type Ingredient =
  | { readonly given: HostTensor }
  | { readonly op: OpName; readonly operands: readonly number[]; readonly attributes: OpAttributes[OpName] };

/** A graph and its inputs as a list that can be cut and shortened; operands stand before users. */
export interface Recipe {
  readonly seed: number;
  readonly ingredients: readonly Ingredient[];
  /** Which ingredients the graph returns. */
  readonly outputs: readonly number[];
}

export interface Problem {
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, HostTensor>>;
}

/** The recipe's graph, whose outputs are named by their place in it. */
export function follow({ ingredients, outputs }: Recipe): Problem {
  const inputs: Record<string, HostTensor> = {};
  const declared: ValueOf<"input">[] = [];
  const values: Value[] = [];
  ingredients.forEach((ingredient, index) => {
    if ("given" in ingredient) {
      const name = `x${index}`;
      inputs[name] = ingredient.given;
      const value = input(name, ingredient.given);
      declared.push(value);
      values.push(value);
    } else {
      const operands = ingredient.operands.map((operand) => values[operand] as Value);
      values.push(emit(ingredient.op, operands, ingredient.attributes) as Value);
    }
  });
  const named = outputs.map((output) => [`y${output}`, values[output] as Value] as const);
  return { graph: buildGraph(declared, Object.fromEntries(named)), inputs };
}

/** Only what the outputs need. */
export function trim({ seed, ingredients, outputs }: Recipe): Recipe {
  const needed = new Set(outputs);
  for (let index = ingredients.length - 1; index >= 0; index--) {
    const ingredient = ingredients[index] as Ingredient;
    if (needed.has(index) && "op" in ingredient) for (const operand of ingredient.operands) needed.add(operand);
  }
  const places = new Map([...needed].sort((a, b) => a - b).map((old, place) => [old, place]));
  const moved = (index: number): number => places.get(index) as number;
  return {
    seed,
    ingredients: ingredients
      .filter((_, index) => needed.has(index))
      .map((ingredient) =>
        "given" in ingredient ? ingredient : { ...ingredient, operands: ingredient.operands.map(moved) },
      ),
    outputs: outputs.map(moved),
  };
}

/** The graph printed, and what its inputs hold. */
export function printProblem({ graph, inputs }: Problem): string {
  const given = Object.entries(inputs).map(([name, { data }]) => {
    const shown = Array.from(data.subarray(0, 12)).join(", ");
    return `${name} = [${shown}${data.length > 12 ? ", ..." : ""}]`;
  });
  return [printGraph(graph), ...given].join("\n");
}

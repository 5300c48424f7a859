import { gradient } from "../../engine/autodiff/gradient.js";
import { emit } from "../../engine/graph/emit.js";
import { mul, sum } from "../../engine/graph/operations.js";
import { opNames } from "../../engine/graph/rules.js";
import { input } from "../../engine/graph/trace.js";
import type { OpName, Value } from "../../engine/graph/value.js";
import type { HostTensor } from "../../engine/tensor/tensor.js";
import type { TestedOp } from "../op-cases.js";
import { Dice } from "./dice.js";
import { makers, type Proposal } from "./makers.js";
import type { Ingredient, Recipe } from "./recipe.js";
import { drawShape, drawTensorOf } from "./shapes.js";
import { givenTrial, type Trial, tryNode } from "./trial.js";

const testedOps = opNames.filter((name): name is TestedOp => name !== "input");

/** Longest chains. */
const MOST_STEPS = 12;

/**
 * A random graph: up to twelve ops of any kind on earlier results or new inputs of odd shapes, each checked to say
 * something about a device. Every third graph returns derivatives as well. The same for the same seed.
 */
export function randomGraph(seed: number): Recipe {
  const cook = new Cook(seed);
  const steps = cook.dice.whole(1, MOST_STEPS);
  for (let step = 0; step < steps; step++) {
    // A proposal may be refused; a chain that finds nothing more to add is as good.
    for (let attempt = 0; attempt < 8 && !cook.add(cook.dice.pick(testedOps)); attempt++);
  }
  const outputs = cook.unused();
  return {
    seed,
    ingredients: cook.ingredients,
    outputs: cook.dice.chance(1 / 3) ? cook.differentiate(outputs) : outputs,
  };
}

class Cook {
  readonly dice: Dice;
  readonly ingredients: Ingredient[] = [];
  readonly #seed: number;
  readonly #values: Value[] = [];
  readonly #trials: Trial[] = [];
  readonly #places = new Map<Value, number>();

  constructor(seed: number) {
    this.#seed = seed;
    this.dice = new Dice(seed);
    this.#give(drawTensorOf(this.dice, this.dice.pick(["float32", "float32", "int32", "bool"]), drawShape(this.dice)));
  }

  /** Applies an op, unless nothing could be told by it. */
  add(op: TestedOp): boolean {
    const proposal = makers[op]({ dice: this.dice, types: this.#values }) as Proposal | undefined;
    if (proposal === undefined) return false;
    const before = this.#values.length;
    const operands = proposal.operands.map((operand) => (typeof operand === "number" ? operand : this.#give(operand)));
    const node = emit(
      op as OpName,
      operands.map((place) => this.#values[place] as Value),
      proposal.attributes,
    ) as Value;
    if (this.#take(node, operands)) return true;
    this.#forget(before);
    return false;
  }

  /** Results that nothing uses; of the inputs only the first, if nothing else is there. */
  unused(): number[] {
    const used = new Set(this.ingredients.flatMap((ingredient) => ("op" in ingredient ? ingredient.operands : [])));
    const results = this.ingredients.flatMap((ingredient, place) =>
      "op" in ingredient && !used.has(place) ? [place] : [],
    );
    return results.length > 0 ? results : [0];
  }

  /** Adds the derivatives of a weighted sum of the float32 outputs by all float32 inputs, as far as they can be told. */
  differentiate(outputs: readonly number[]): number[] {
    const chosen = outputs.filter((place) => this.#values[place]?.dtype === "float32");
    const targets = this.ingredients.flatMap((ingredient, place) =>
      "given" in ingredient && ingredient.given.dtype === "float32" ? [place] : [],
    );
    if (chosen.length === 0 || targets.length === 0) return [...outputs];
    const before = this.#values.length;
    const terms = chosen.map((place) => {
      const value = this.#values[place] as Value;
      const weights = this.#give(drawTensorOf(this.dice, "float32", value.shape));
      return sum(mul(value, this.#values[weights] as Value));
    });
    const objective = terms.reduce((total, term) => emit("add", [total, term], {}));
    const slopes = gradient(
      objective,
      targets.map((place) => this.#values[place] as Value),
    );
    const places = slopes.map((slope) => this.#takeAll(slope));
    if (places.every((place) => place !== undefined)) return [...outputs, ...(places as number[])];
    this.#forget(before);
    return [...outputs];
  }

  #give(given: HostTensor): number {
    this.ingredients.push({ given });
    return this.#hold(input(`x${this.#values.length}`, given), givenTrial(given));
  }

  #take(node: Value, operands: readonly number[]): boolean {
    const trial = tryNode(
      node,
      operands.map((place) => this.#trials[place] as Trial),
      this.#seed + this.#values.length,
    );
    if (trial === undefined) return false;
    this.ingredients.push({ op: node.op, operands, attributes: node.attributes });
    this.#hold(node, trial);
    return true;
  }

  /** A node and all that it stands on; undefined if one of them cannot be told. */
  #takeAll(node: Value): number | undefined {
    const known = this.#places.get(node);
    if (known !== undefined) return known;
    const operands: number[] = [];
    for (const operand of node.inputs) {
      const place = this.#takeAll(operand);
      if (place === undefined) return undefined;
      operands.push(place);
    }
    return this.#take(node, operands) ? this.#places.get(node) : undefined;
  }

  #hold(value: Value, trial: Trial): number {
    this.#values.push(value);
    this.#trials.push(trial);
    this.#places.set(value, this.#values.length - 1);
    return this.#values.length - 1;
  }

  #forget(from: number): void {
    for (const value of this.#values.splice(from)) this.#places.delete(value);
    this.#trials.splice(from);
    this.ingredients.splice(from);
  }
}

/** The trials of a recipe's ingredients, in order; undefined from the first that cannot be told. */
export function trialsOf({ seed, ingredients }: Recipe): (Trial | undefined)[] {
  const values: Value[] = [];
  const trials: (Trial | undefined)[] = [];
  ingredients.forEach((ingredient, place) => {
    if ("given" in ingredient) {
      values.push(input(`x${place}`, ingredient.given));
      trials.push(givenTrial(ingredient.given));
      return;
    }
    const { op, attributes } = ingredient;
    const node = emit(
      op,
      ingredient.operands.map((operand) => values[operand] as Value),
      attributes,
    ) as Value;
    const operands = ingredient.operands.map((operand) => trials[operand]);
    values.push(node);
    trials.push(
      operands.every((trial) => trial !== undefined) ? tryNode(node, operands as Trial[], seed + place) : undefined,
    );
  });
  return trials;
}

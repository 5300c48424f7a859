import type { HostTensor } from "../../engine/tensor/tensor.js";
import { trialsOf } from "./generate.js";
import { type Ingredient, type Recipe, trim } from "./recipe.js";

/**
 * The smallest recipe that still fails that can be reached by single steps: one output alone, or a result replaced by an
 * input that holds its elements.
 */
export async function shrink(recipe: Recipe, fails: (candidate: Recipe) => Promise<boolean>): Promise<Recipe> {
  let smallest = recipe;
  for (;;) {
    const smaller = await firstThat(candidates(smallest), fails);
    if (smaller === undefined) return smallest;
    smallest = smaller;
  }
}

async function firstThat(
  list: Iterable<Recipe>,
  holds: (recipe: Recipe) => Promise<boolean>,
): Promise<Recipe | undefined> {
  for (const recipe of list) if (await holds(recipe)) return recipe;
  return undefined;
}

function* candidates(recipe: Recipe): Generator<Recipe> {
  const { ingredients, outputs } = recipe;
  if (outputs.length > 1) for (const output of outputs) yield trim({ ...recipe, outputs: [output] });
  const trials = trialsOf(recipe);
  // From the end: what is cut there takes most with it.
  for (let place = ingredients.length - 1; place >= 0; place--) {
    const trial = trials[place];
    if (trial === undefined || "given" in (ingredients[place] as Ingredient) || outputs.includes(place)) continue;
    const given: Ingredient = { given: trial.exact };
    yield trim({ ...recipe, ingredients: ingredients.map((old, i) => (i === place ? given : old)) });
  }
  // A result in the place of its user: the last op of a chain may have no part in it.
  for (const output of outputs) {
    const last = ingredients[output] as Ingredient;
    if ("op" in last) for (const operand of last.operands) yield trim({ ...recipe, outputs: [operand] });
  }
  yield* simplerInputs(recipe);
}

/** Elements of an input that are all equal say more than random ones. */
function* simplerInputs(recipe: Recipe): Generator<Recipe> {
  for (const [place, ingredient] of recipe.ingredients.entries()) {
    if (!("given" in ingredient) || ingredient.given.data.every((x) => x === 1)) continue;
    const ones = { ...ingredient.given, data: ingredient.given.data.slice().fill(1) } as HostTensor;
    const simpler = recipe.ingredients.map((old, i) => (i === place ? { given: ones } : old));
    if (trialsOf({ ...recipe, ingredients: simpler }).every((trial) => trial !== undefined)) {
      yield { ...recipe, ingredients: simpler };
    }
  }
}

import { expect, it } from "vitest";
import { parseSeparationRecipe, separationPresets } from "./recipe.js";

it("reads its presets, and refuses what makes no sense", () => {
  for (const preset of Object.values(separationPresets)) expect(parseSeparationRecipe(preset)).toEqual(preset);
  const preset = separationPresets["separate-waves"]!;
  const changed = (sounds: object) => () =>
    parseSeparationRecipe({ ...preset, sounds: { ...preset.sounds, ...sounds } });
  expect(changed({ world: "birds" })).toThrow('sounds.world is "birds"; expected "waves" or "chorales"');
  expect(changed({ steps: 1 })).toThrow("sounds.steps is 1");
  expect(() => parseSeparationRecipe({ ...preset, codec: { ...preset.codec, codes: 1 } })).toThrow("codec.codes is 1");
});

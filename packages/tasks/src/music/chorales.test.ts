import { describe, expect, it } from "vitest";
import { parseChorales } from "./chorales.js";

const file = (value: unknown) => ({
  name: "chorales.json",
  bytes: new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)),
});
const chord = [67, 64, 60, 48];
const sets = (train: unknown) => ({ train, valid: [[chord]], test: [[chord]] });

describe("parseChorales", () => {
  it("reads sixteenths of four MIDI numbers, -1 for silence", () => {
    const { train, valid } = parseChorales(file(sets([[chord, [67, -1, 60, 48]], [chord]])));
    expect(train).toEqual([
      { pitches: Int8Array.of(67, 64, 60, 48, 67, -1, 60, 48), length: 2 },
      { pitches: Int8Array.of(67, 64, 60, 48), length: 1 },
    ]);
    expect(valid).toHaveLength(1);
  });

  it.each<[string, unknown, string]>([
    ["malformed JSON", "{", "chorales.json: this is not valid JSON"],
    ["a list", [], "chorales.json: train is missing"],
    ["a missing set", { train: [[chord]], valid: [[chord]] }, "test is missing"],
    ["an empty set", sets([]), "chorales.json: train is empty; expected at least one chorale"],
    ["an empty chorale", sets([[chord], []]), "train[1] is no list of sixteenths, or an empty one"],
    [
      "three voices",
      sets([[chord, [67, 64, 60]]]),
      "train[0][1] is [67, 64, 60]; expected four MIDI numbers from 36 to 81",
    ],
    ["a pitch too high", sets([[[90, 64, 60, 48]]]), "train[0][0] is [90, 64, 60, 48]; expected four MIDI numbers"],
    ["a quarter tone", sets([[[67.5, 64, 60, 48]]]), "train[0][0]"],
    ["words", sets([[["G4", 64, 60, 48]]]), "train[0][0]"],
    ["sets that are none", { train: "all", valid: [], test: [] }, 'train is "all"; expected a list of chorales'],
  ])("refuses %s", (_what, value, message) => {
    expect(() => parseChorales(file(value))).toThrow(message);
  });
});

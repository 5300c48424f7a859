import { describe, expect, it } from "vitest";
import { faultsOf } from "./judge.js";
import type { Found } from "./sweep.js";

const row = (scale: number, mean: number, largest = 1.1): Found => ({ scale, mean, error: 0.09, largest });

describe("faultsOf", () => {
  it("finds nothing where means rise from 0 within the range", () => {
    expect(faultsOf([row(0, 0.02), row(0.4, 0.3), row(3.2, 0.9)])).toEqual([]);
  });

  it("names values outside the range, guided or not", () => {
    expect(faultsOf([row(0, 0, 1.4), row(3.2, 0.9, 12)])).toEqual([
      "at scale 0 a value of 1.40",
      "at scale 3.2 a value of 12.00",
    ]);
  });

  it("names a mean that falls below the unguided one by more than two standard errors", () => {
    expect(faultsOf([row(0, 0.1), row(0.4, -0.07), row(3.2, 0.9)])).toEqual([]);
    expect(faultsOf([row(0, 0.1), row(0.4, -0.09), row(3.2, 0.9)])).toEqual(["at scale 0.4 the mean falls to -0.09"]);
  });

  it("names a reward that is never reached, and numbers that are none", () => {
    expect(faultsOf([row(0, 0), row(3.2, 0.5)])).toEqual(["no scale brings the mean beyond 0.50"]);
    expect(faultsOf([row(0, 0), row(3.2, Number.NaN)])).toContain("at scale 3.2 the mean falls to NaN");
  });

  it("names an unguided mean far from 0", () => {
    expect(faultsOf([row(0, 0.4), row(3.2, 0.9)])).toEqual(["the unguided mean is 0.40, its standard error 0.09"]);
  });
});

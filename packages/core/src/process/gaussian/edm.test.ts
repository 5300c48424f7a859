import { describe, expect, it } from "vitest";
import { elementsOf, levelsOf, numbersOf } from "../../testing/elements-of.js";
import { edm, edmFromConfig } from "./edm.js";

const close = (values: number[]) => values.map((value) => expect.closeTo(value, 5));
/** Square roots of the noise run evenly from 1 to 2, and 3-4-5 at the last level. */
const process = () => edm({ levels: 3, sigmaMin: 1, sigmaMax: 4, rho: 2, sigmaData: 3 });

describe("edm", () => {
  it("spaces sigma^(1 / rho) equally from sigmaMin at level 1 to sigmaMax at level K (Karras et al. 2022, eq. 5)", () => {
    const { path, priorScale, terminal, signalToNoise, lossWeighting } = process();
    expect(lossWeighting).toEqual({ kind: "uniform" });
    expect([...path!.noise]).toEqual([0, 1, 2.25, 4]);
    expect([...path!.signal]).toEqual([1, 1, 1, 1]);
    expect([priorScale, terminal]).toEqual([4, { signal: 1, noise: 4 }]);
    expect([...signalToNoise]).toEqual([Number.POSITIVE_INFINITY, 1, 1 / 2.25 ** 2, 1 / 16]);
  });

  it("shows the network c_in x = x / sqrt(sigma^2 + sigma_data^2) (eq. 7)", () => {
    const inputs = { x: numbersOf(10, 10, 6), levels: levelsOf(3, 1, 0) };
    const shown = elementsOf(inputs, ({ x, levels }) => process().modelInput(x, levels));
    expect(shown).toEqual(close([10 / 5, 10 / Math.sqrt(10), 6 / 3]));
  });

  it("estimates c_skip x + c_out F, and the noise that goes with it (eq. 7)", () => {
    const inputs = { x: numbersOf(10, 7), output: numbersOf(2, 2), levels: levelsOf(3, 0) };
    const of = (part: "clean" | "noise") =>
      elementsOf(inputs, ({ x, output, levels }) => process().estimate(output, x, levels)[part]!);
    // At sigma 4: c_skip = 9 / 25, c_out = 4 x 3 / 5. At level 0 c_skip is 1 and c_out 0.
    expect(of("clean")).toEqual(close([3.6 + 4.8, 7]));
    expect(of("noise")[0]).toBeCloseTo((10 - 8.4) / 4, 5);
  });

  it("charges the squared error of F = (x - c_skip x^k) / c_out", () => {
    const inputs = { clean: numbersOf(3), noise: numbersOf(1), output: numbersOf(1.2), levels: levelsOf(3) };
    const [loss] = elementsOf(inputs, ({ clean, noise, output, levels }) => {
      const noisy = process().corrupt(clean, levels, noise);
      return process().loss(output, { clean, noisy, levels, noise });
    });
    // x^k = 7: F = (3 - .36 x 7) / 2.4 = .2.
    expect(loss).toBeCloseTo(1, 5);
  });

  it("sees an error e of the clean token as e^2 (1 / sigma_data^2 + SNR)", () => {
    expect(process().sensitivity).toEqual([1 / 9, 0, 1]);
  });

  it("comes back from its configuration", () => {
    const again = edmFromConfig(process().config);
    expect([again.config, again.path]).toEqual([process().config, process().path]);
    expect(edm().config).toMatchObject({ levels: 1000, sigmaMin: 0.002, sigmaMax: 80, rho: 7, sigmaData: 0.5 });
  });

  it.each([
    [2, 2],
    [3, 2],
  ])("refuses sigmaMin %d and sigmaMax %d", (sigmaMin, sigmaMax) => {
    expect(() => edm({ sigmaMin, sigmaMax })).toThrow(/expected sigmaMin below sigmaMax/);
  });
});

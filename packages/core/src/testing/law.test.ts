import { describe, expect, it } from "vitest";
import { checkLaw, type Law } from "./law.js";

const law: Law = { law: "halves", statistic: "share", found: 0.5, within: [0.4, 0.6], broken: { "a lead coin": 0.9 } };

describe("checkLaw", () => {
  it("leaves on the test what it found", () => {
    const test = { meta: { laws: [] } };
    checkLaw(test, law);
    checkLaw(test, { ...law, found: 0.4, broken: { "no coin": Number.NaN } });
    expect(test.meta.laws).toMatchObject([law, { found: 0.4 }]);
  });

  it("refuses what breaks the law, broken variants that do not, and laws without one", () => {
    const check = (changes: Partial<Law>) => () => checkLaw({ meta: {} }, { ...law, ...changes });
    expect(check({ found: 0.7 })).toThrow("halves: share 0.7; expected 0.4..0.6.");
    expect(check({ found: Number.NaN })).toThrow("share NaN");
    expect(check({ broken: { "a lead coin": 0.9, "a fair coin": 0.6 } })).toThrow('share 0.6 for "a fair coin"');
    expect(check({ broken: {} })).toThrow("no broken variant");
  });
});

import { expect, it } from "vitest";
import { metricsCsvHeader, metricsCsvLine, metricsJsonLine } from "./metrics.js";

const metrics = { step: 3, loss: 0.25, learningRate: 1e-3, validationLoss: 0.5 };

it("are lines of CSV and of JSON", () => {
  expect(metricsCsvHeader + metricsCsvLine(metrics)).toBe(
    "step,loss,gradientNorm,learningRate,validationLoss\n3,0.25,,0.001,0.5\n",
  );
  expect(metricsJsonLine(metrics)).toBe('{"step":3,"loss":0.25,"learningRate":0.001,"validationLoss":0.5}\n');
});

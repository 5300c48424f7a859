import { relativeDifference } from "@diffusion-forcing/core/backend";
import type { TestedOp } from "@diffusion-forcing/core/testing";
import type { Measured } from "./measure.js";
import { classOf, type OpClass, opClasses } from "./op-classes.js";

/** How far a device is from the reference; every difference is relative to the largest value. */
export interface Parity {
  readonly version: string | null;
  readonly classes: Readonly<Record<OpClass, { readonly difference: number; readonly op: TestedOp }>>;
  readonly afterStep: number;
  readonly afterSampling: number;
  /** Of the loss of the 200th training step. */
  readonly loss: number;
  readonly sample: number;
  readonly noise: string;
}

/** What must hold on every device. */
export const limit = 1e-3;

export function compare(measured: Measured, reference: Measured): Parity {
  const entries = Object.entries(measured.ops) as [TestedOp, number | null][];
  const classes = opClasses.map((opClass) => {
    const found = entries
      .filter(([op]) => classOf[op] === opClass)
      .map(([op, difference]) => ({ op, difference: difference ?? Number.POSITIVE_INFINITY }));
    return [opClass, found.reduce((worst, next) => (next.difference > worst.difference ? next : worst))] as const;
  });
  return {
    version: measured.version,
    classes: Object.fromEntries(classes) as unknown as Parity["classes"],
    afterStep: relativeDifference(measured.afterStep, reference.afterStep),
    afterSampling: relativeDifference(measured.afterSampling, reference.afterSampling),
    loss: relativeDifference(measured.losses.slice(-1), reference.losses.slice(-1)),
    sample: relativeDifference(measured.sample, reference.sample),
    noise: measured.noise,
  };
}

/** What a device breaks of what must hold, in words. */
export function breaches({ loss, sample, noise, classes }: Parity, reference: Measured): string[] {
  const failing = Object.values(classes).filter(({ difference }) => difference > limit);
  return [
    ...failing.map(({ op, difference }) => `${op} differs by ${difference.toExponential(1)}`),
    ...(loss > limit ? [`the loss after 200 steps differs by ${loss.toExponential(1)}`] : []),
    ...(sample > limit ? [`the sample differs by ${sample.toExponential(1)}`] : []),
    ...(noise !== reference.noise ? ["the noise has other bits"] : []),
  ];
}

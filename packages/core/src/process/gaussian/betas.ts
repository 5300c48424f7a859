/** `count` values equally spaced from `start` to `end`, built from both ends so that the last one is `end` itself. */
function equallySpaced(start: number, end: number, count: number): Float64Array {
  const step = (end - start) / (count - 1);
  return Float64Array.from({ length: count }, (_, i) =>
    i < Math.floor(count / 2) ? start + step * i : end - step * (count - 1 - i),
  );
}

/** Betas of levels 1..K whose running product of 1 - beta follows f(k / K) / f(0), each limited to 0..0.999. */
function fromSignalShare(levels: number, share: (u: number) => number): Float64Array {
  const first = share(0);
  const shares = Array.from({ length: levels + 1 }, (_, level) => share(level / levels) / first);
  return Float64Array.from({ length: levels }, (_, i) => Math.min(Math.max(1 - shares[i + 1]! / shares[i]!, 0), 0.999));
}

/** Ho et al. 2020, the 1000-level schedule from 1e-4 to 0.02 rescaled to `levels` levels. */
export function linearBetas(levels: number): Float64Array {
  const scale = 1000 / levels;
  return equallySpaced(scale * 1e-4, scale * 0.02, levels);
}

/** Nichol and Dhariwal 2021, equation 17. */
export function cosineBetas(levels: number, s: number): Float64Array {
  return fromSignalShare(levels, (u) => {
    const root = Math.cos(((u + s) / (1 + s)) * Math.PI * 0.5);
    return root * root;
  });
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/**
 * Jabri et al. 2022, algorithm 2. The logistic function at both ends, and their difference, are rounded to float32
 * as the official implementation does: the tables then agree with its tables to the last digits.
 */
export function sigmoidBetas(levels: number, start: number, end: number, tau: number): Float64Array {
  const atStart = Math.fround(logistic(Math.fround(start / tau)));
  const atEnd = Math.fround(logistic(Math.fround(end / tau)));
  const span = Math.fround(atEnd - atStart);
  return fromSignalShare(levels, (u) => (atEnd - logistic((u * (end - start) + start) / tau)) / span);
}

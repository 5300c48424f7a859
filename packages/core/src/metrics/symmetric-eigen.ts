/**
 * Eigenvalues and eigenvectors of a symmetric matrix by cyclic Jacobi rotations, which are slow and accurate to the last
 * digits, also for matrices of low rank.
 *
 * @param matrix [n, n], row-major; only its symmetric part counts.
 * @returns the eigenvalues, and the vectors as the rows of [n, n].
 */
export function symmetricEigen(matrix: Float64Array, n: number): { values: Float64Array; vectors: Float64Array } {
  const a = Float64Array.from(matrix, (value, i) => {
    const [row, column] = [Math.floor(i / n), i % n];
    return (value + (matrix[column * n + row] as number)) / 2;
  });
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  const scale = a.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  for (let sweep = 0; sweep < 60; sweep++) {
    let largest = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const off = a[p * n + q] as number;
        largest = Math.max(largest, Math.abs(off));
        if (Math.abs(off) > 1e-300) rotate(a, vectors, n, p, q);
      }
    }
    if (largest <= 1e-15 * scale) break;
  }
  return { values: Float64Array.from({ length: n }, (_, i) => a[i * n + i] as number), vectors };
}

/** Turns rows and columns p and q so that a[p, q] becomes 0. */
function rotate(a: Float64Array, vectors: Float64Array, n: number, p: number, q: number): void {
  const theta = ((a[q * n + q] as number) - (a[p * n + p] as number)) / (2 * (a[p * n + q] as number));
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < n; k++) {
    const [x, y] = [a[k * n + p] as number, a[k * n + q] as number];
    a[k * n + p] = c * x - s * y;
    a[k * n + q] = s * x + c * y;
  }
  for (let k = 0; k < n; k++) {
    const [x, y] = [a[p * n + k] as number, a[q * n + k] as number];
    a[p * n + k] = c * x - s * y;
    a[q * n + k] = s * x + c * y;
    const [u, v] = [vectors[p * n + k] as number, vectors[q * n + k] as number];
    vectors[p * n + k] = c * u - s * v;
    vectors[q * n + k] = s * u + c * v;
  }
}

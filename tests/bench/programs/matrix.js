// Matrices of floating-point numbers: multiplied in typed arrays, and inverted in arrays of arrays.
const SIZE = 220;

function multiply(a, b) {
  const c = new Float64Array(SIZE * SIZE);
  for (let i = 0; i < SIZE; i++) {
    for (let k = 0; k < SIZE; k++) {
      const factor = a[i * SIZE + k];
      for (let j = 0; j < SIZE; j++) c[i * SIZE + j] += factor * b[k * SIZE + j];
    }
  }
  return c;
}

function inverse(matrix) {
  const n = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (let i = 0; i < n; i++) {
    const pivot = rows[i][i];
    for (let j = 0; j < 2 * n; j++) rows[i][j] /= pivot;
    for (let other = 0; other < n; other++) {
      if (other === i) continue;
      const factor = rows[other][i];
      for (let j = 0; j < 2 * n; j++) rows[other][j] -= factor * rows[i][j];
    }
  }
  return rows.map((row) => row.slice(n));
}

let product = Float64Array.from({ length: SIZE * SIZE }, (_, i) => ((i * 7) % 11) / 100);
for (let i = 0; i < 16; i++) {
  product = multiply(product, product);
  const largest = product.reduce((most, value) => Math.max(most, value), 0);
  product = product.map((value) => value / largest);
}
const N = 110;
let trace = 0;
for (let round = 0; round < 24; round++) {
  const matrix = Array.from({ length: N }, (_, i) => Array.from({ length: N }, (_, j) => (i === j ? N + round : ((i * j) % 7) / 7)));
  trace += inverse(matrix).reduce((sum, row, i) => sum + row[i], 0);
}
Math.round((product[SIZE + 1] + trace) * 1e6);

/** Whole numbers modulo another: what both curves reckon with. Nothing is secret, so nothing takes care of time. */

/** The rest of `value`, from 0 on. */
export function mod(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

/** The inverse of `value`, which is not a multiple of `modulus`, by Euclid's way. */
export function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [mod(value, modulus), modulus, 1n, 0n];
  while (a) {
    const q = b / a;
    [a, b, x, y] = [b - q * a, a, y - q * x, x];
  }
  return mod(y, modulus);
}

import { own } from '../support/own.js';

/**
 * Quantities as Kubernetes writes them: a decimal number with an optional suffix (n u m k M G T P E, Ki Mi Gi Ti Pi Ei)
 * or a decimal exponent (1e3). The one parser for CPU, memory and disk.
 */
const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const pattern = /^([+-]?)(\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:([eE][+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)$/;

/** The number that a quantity stands for, or undefined if it is none. Never throws, linear in the text's length. */
export function parseQuantity(quantity: string | number): number | undefined {
  if (typeof quantity === 'number') return Number.isFinite(quantity) ? quantity : undefined;
  if (quantity.length > 64) return undefined;
  const match = pattern.exec(quantity);
  if (!match) return undefined;
  const [, sign, digits = '', exponent = '', suffix = ''] = match;
  const factor = own(suffixes, suffix);
  if (factor === undefined) return undefined;
  const value = Number(`${digits}${exponent}`) * factor;
  if (!Number.isFinite(value)) return undefined;
  return sign === '-' ? -value : value;
}

/** CPU as whole millicores, rounded up as Kubernetes does. */
export function parseMillicores(quantity: string | number): number | undefined {
  const cores = parseQuantity(quantity);
  return cores === undefined ? undefined : ceilExact(cores * 1000);
}

/** Memory or disk as whole bytes, rounded up. */
export function parseBytes(quantity: string | number): number | undefined {
  const bytes = parseQuantity(quantity);
  return bytes === undefined ? undefined : ceilExact(bytes);
}

/** 250 -> '250m', 2000 -> '2'. */
export function formatMillicores(millicores: number): string {
  return millicores % 1000 === 0 ? String(millicores / 1000) : `${millicores}m`;
}

/** The shortest exact binary form: 67108864 -> '64Mi', 1000 -> '1000'. */
export function formatBytes(bytes: number): string {
  for (const suffix of ['Ei', 'Pi', 'Ti', 'Gi', 'Mi', 'Ki']) {
    const factor = own(suffixes, suffix) ?? 1;
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${suffix}`;
  }
  return String(bytes);
}

// 0.1 * 1000 is 100.00000000000001 in binary: not a reason to ask for 101 millicores.
function ceilExact(value: number): number {
  const nearest = Math.round(value);
  return Math.abs(value - nearest) < 1e-6 * Math.max(1, Math.abs(value) * 1e-6) ? nearest : Math.ceil(value);
}

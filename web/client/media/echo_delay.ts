/**
 * How long a voice takes to come back: the shift at which what is heard fits best to what was sent. Pure.
 *
 * Both are loudness over time (10 ms steps); speech rises and falls several times a second, and the way back changes
 * neither its rhythm nor, but for gaps, its form. The measure is the normalised cross-correlation.
 */

export const STEP_MS = 10;
const MOST_DELAY_MS = 1500;
/** Below this the two are not the same voice. */
const ALIKE = 0.6;
/** Less loudness than this is nobody speaking. */
const SILENCE = 1e-6;

export interface Delay {
  readonly ms: number;
  /** 0..1, how well both fit. */
  readonly fit: number;
}

/** `sent` and `heard` run side by side and end now. Null: nobody spoke, or nothing comes back. */
export function delayOf(sent: readonly number[], heard: readonly number[]): Delay | null {
  const steps = Math.floor(MOST_DELAY_MS / STEP_MS);
  const length = Math.min(sent.length, heard.length) - steps;
  if (length < steps) return null;
  const back = heard.slice(heard.length - length);
  const fits: number[] = [];
  for (let shift = 0; shift <= steps; shift++) {
    const end = sent.length - shift;
    fits.push(correlation(sent.slice(end - length, end), back));
  }
  const best = Math.max(...fits);
  if (!(best >= ALIKE)) return null;
  // Rhythmic speech fits again a beat later: the first shift that is as good counts.
  const shift = fits.findIndex((fit, i) => fit >= best - 0.03 && fit >= (fits[i + 1] ?? -1));
  return { ms: shift * STEP_MS, fit: best };
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [da, db] = [(a[i] ?? 0) - ma, (b[i] ?? 0) - mb];
    ab += da * db;
    aa += da * da;
    bb += db * db;
  }
  return aa < SILENCE || bb < SILENCE ? 0 : ab / Math.sqrt(aa * bb);
}

/** Loudness readings at uneven times as even steps that end at `until` (ms); what is missing is between its neighbours. */
export function evened(readings: readonly { at: number; value: number }[], until: number, count: number): number[] {
  const values: number[] = [];
  let next = 0;
  for (let i = 0; i < count; i++) {
    const at = until - (count - 1 - i) * STEP_MS;
    while (next < readings.length && (readings[next]?.at ?? 0) < at) next += 1;
    const after = readings[next];
    const before = readings[next - 1];
    if (!after || !before) values.push(after?.value ?? before?.value ?? 0);
    else {
      const part = (at - before.at) / Math.max(after.at - before.at, 1e-6);
      values.push(before.value + (after.value - before.value) * part);
    }
  }
  return values;
}

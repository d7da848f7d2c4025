/** A bound for what a browser may never finish: a device, a worklet, a line that stands still. */

/** What `work` becomes; rejects after `ms` if it has become nothing by then. The work itself may go on. */
export function within<T>(ms: number, work: Promise<T>, words = "it took too long"): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(words)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

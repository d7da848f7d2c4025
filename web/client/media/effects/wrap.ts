/**
 * Makes the track of an effect behave as the device's own track does: stopping it stops the device (the light
 * goes out) and takes the effect apart, and a device that ends by itself ends it.
 */

/** `made` is what the effect makes of `device`; `teardown` runs once. Returns `made`. */
export function wrapped(device: MediaStreamTrack, made: MediaStreamTrack, teardown: () => void): MediaStreamTrack {
  const stop = made.stop.bind(made);
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    device.removeEventListener("ended", ended);
    device.stop();
    stop();
    teardown();
  };
  const ended = (): void => {
    end();
    // A track that is stopped by us tells nobody; this one ended by itself.
    made.dispatchEvent(new Event("ended"));
  };
  Object.defineProperty(made, "stop", { value: end });
  device.addEventListener("ended", ended);
  return made;
}

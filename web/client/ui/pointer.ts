/**
 * The pointer on the map: a double-click or a tap walks there, the wheel and two fingers zoom.
 */

export interface PointerActions {
  /** A place in stage px (CSS). */
  walkTo: (x: number, y: number) => void;
  zoom: (by: 1 | -1) => void;
}

/** Wheel px that make one step of zoom, and a rest between two steps (ms). */
const WHEEL_STEP = 60;
const WHEEL_REST_MS = 110;
/** A finger that moves further (px) or stays longer (ms) was no tap. */
const TAP_PX = 12;
const TAP_MS = 400;
/** Fingers this much further apart are one step of zoom. */
const PINCH = 1.3;

export function listenToPointer(map: HTMLElement, actions: PointerActions): void {
  const place = (event: MouseEvent): [number, number] => {
    const { left, top } = map.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  map.addEventListener("dblclick", (event) => {
    event.preventDefault();
    actions.walkTo(...place(event));
  });

  let wheel = 0;
  let turnedAt = 0;
  map.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      wheel += event.deltaY * lines;
      if (Math.abs(wheel) < WHEEL_STEP || event.timeStamp - turnedAt < WHEEL_REST_MS) return;
      actions.zoom(wheel < 0 ? 1 : -1);
      wheel = 0;
      turnedAt = event.timeStamp;
    },
    { passive: false },
  );

  const fingers = new Map<number, { x: number; y: number }>();
  let tap: { x: number; y: number; at: number } | null = null;
  let spread = 0;
  const apart = (): number => {
    const [a, b] = [...fingers.values()];
    return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
  };
  map.addEventListener("pointerdown", (event) => {
    map.focus({ preventScroll: true });
    if (event.pointerType === "mouse") return;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    tap = fingers.size === 1 ? { x: event.clientX, y: event.clientY, at: event.timeStamp } : null;
    spread = apart();
  });
  map.addEventListener("pointermove", (event) => {
    const finger = fingers.get(event.pointerId);
    if (!finger) return;
    finger.x = event.clientX;
    finger.y = event.clientY;
    const now = apart();
    if (now === 0 || spread === 0) return;
    if (now / spread > PINCH || spread / now > PINCH) {
      actions.zoom(now > spread ? 1 : -1);
      spread = now;
    }
  });
  const lift = (event: PointerEvent): void => {
    if (!fingers.delete(event.pointerId) || event.type !== "pointerup" || !tap) return;
    const still = Math.hypot(event.clientX - tap.x, event.clientY - tap.y) < TAP_PX;
    if (still && event.timeStamp - tap.at < TAP_MS) actions.walkTo(...place(event));
    tap = null;
  };
  map.addEventListener("pointerup", lift);
  map.addEventListener("pointercancel", lift);
}

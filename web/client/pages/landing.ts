/**
 * The office on the first page: walk over it with mouse, finger or arrow keys and see who would be heard.
 *
 * It is drawn only while you walk.
 */
import { fade } from "../game/hearing.ts";
import { sheetUrl } from "../shared/avatars.ts";
import { t, listed } from "../i18n/words.ts";
import { h } from "../shared/dom.ts";

// The Office map, in its own px.
const WIDTH = 960;
const HEIGHT = 640;
const STEP = 24;
/** px/s and frames/s of walking, as in the world. */
const SPEED = 420;
const WALK_FPS = 8;
const WALK_FRAMES = [1, 2, 3, 4];
const ROW = { down: 0, left: 1, right: 2, up: 3 };
// The world's own distances (px).
const HEARING = { full: 48, radius: 300, keep: 330, prewarm: 360 };
const ROOMS = [
  { name: t("landing.room_name", { number: 1 }), x: 30, y: 21, width: 332, height: 228 },
  { name: t("landing.room_name", { number: 2 }), x: 374, y: 21, width: 310, height: 228 },
  { name: t("landing.room_name", { number: 3 }), x: 694, y: 21, width: 236, height: 228 },
];
const PEOPLE = [
  { name: "Mira", x: 250, y: 430, avatar: "maple" },
  { name: "Jonas", x: 600, y: 520, avatar: "flint" },
  { name: "Ayla", x: 800, y: 380, avatar: "ember" },
  { name: "Tom", x: 480, y: 140, avatar: "river" },
  { name: "Ines", x: 590, y: 175, avatar: "hazel" },
  { name: "Kofi", x: 790, y: 150, avatar: "onyx" },
];

const roomAt = (x: number, y: number): number =>
  ROOMS.findIndex((room) => x >= room.x && x < room.x + room.width && y >= room.y && y < room.y + room.height);

/** The sheet's row that looks along (dx, dy). */
function facing(dx: number, dy: number): number {
  if (Math.abs(dx) > Math.abs(dy)) return dx > 0 ? ROW.right : ROW.left;
  return dy > 0 ? ROW.down : ROW.up;
}

function words(room: number, heard: readonly { name: string; loud: number }[]): string {
  const well = heard.filter(({ loud }) => loud >= 0.5).map(({ name }) => name);
  const faintly = heard.filter(({ loud }) => loud > 0 && loud < 0.5).map(({ name }) => name);
  const place = ROOMS[room];
  if (place) {
    return well.length > 0
      ? t("landing.in_room", { room: place.name, people: listed(well) })
      : t("landing.alone", { room: place.name });
  }
  if (well.length > 0 && faintly.length > 0) return t("landing.hear_both", { near: listed(well), far: listed(faintly) });
  if (well.length > 0) return t("landing.hear_well", { people: listed(well) });
  if (faintly.length > 0) return t("landing.hear_faintly", { people: listed(faintly) });
  return t("landing.quiet");
}

export function landingPage(): void {
  const demo = document.querySelector<HTMLElement>("#demo");
  const map = demo?.querySelector<HTMLElement>(".demo-map");
  const layer = demo?.querySelector<HTMLElement>(".demo-people");
  const caption = demo?.querySelector<HTMLElement>(".demo-words");
  if (!map || !layer || !caption) return;

  const put = (element: HTMLElement, x: number, y: number): void => {
    element.style.left = `${(100 * x) / WIDTH}%`;
    element.style.top = `${(100 * y) / HEIGHT}%`;
  };
  const rooms = ROOMS.map((room) => {
    const element = h("div", { class: "demo-room" });
    put(element, room.x, room.y);
    element.style.width = `${(100 * room.width) / WIDTH}%`;
    element.style.height = `${(100 * room.height) / HEIGHT}%`;
    return element;
  });
  const figure = (name: string, avatar: string, x: number, y: number): HTMLElement => {
    const body = h("span", { class: "demo-body" });
    body.style.backgroundImage = `url("${sheetUrl(avatar)}")`;
    const element = h("div", { class: "demo-person", "data-name": name }, body);
    put(element, x, y);
    return element;
  };
  const people = PEOPLE.map(({ name, avatar, x, y }) => figure(name, avatar, x, y));
  const circle = h("div", { class: "demo-circle" });
  const you = figure(t("common.you"), "saffron", 0, 0);
  you.classList.add("you");
  layer.append(circle, ...rooms, ...people, you);

  const at = { x: 360, y: 470 };
  const goal = { ...at };
  const draw = (): void => {
    const room = roomAt(at.x, at.y);
    put(you, at.x, at.y);
    put(circle, at.x, at.y);
    circle.classList.toggle("off", room >= 0);
    rooms.forEach((element, index) => element.classList.toggle("inside", index === room));
    const heard = PEOPLE.map((person, index) => {
      const theirs = roomAt(person.x, person.y);
      const [dx, dy] = [at.x - person.x, at.y - person.y];
      const loud = theirs !== room ? 0 : room >= 0 ? 1 : fade(Math.hypot(dx, dy), HEARING);
      people[index]?.style.setProperty("--loud", loud.toFixed(2));
      // Who is heard well turns to you.
      people[index]?.style.setProperty("--row", String(loud >= 0.5 ? facing(dx, dy) : ROW.down));
      return { name: person.name, loud };
    });
    caption.textContent = words(room, heard);
  };

  const jump = matchMedia("(prefers-reduced-motion: reduce)");
  let last: number | null = null;
  const step = (now: number): void => {
    const way = Math.hypot(goal.x - at.x, goal.y - at.y);
    const reach = jump.matches ? way : (SPEED * Math.min(now - (last ?? now), 50)) / 1000;
    last = now;
    if (way > 0) you.style.setProperty("--row", String(facing(goal.x - at.x, goal.y - at.y)));
    const share = way <= reach ? 1 : reach / way;
    at.x += (goal.x - at.x) * share;
    at.y += (goal.y - at.y) * share;
    const frame = WALK_FRAMES[Math.floor((now / 1000) * WALK_FPS) % WALK_FRAMES.length] ?? 0;
    you.style.setProperty("--column", String(share < 1 ? frame : 0));
    draw();
    if (share < 1) requestAnimationFrame(step);
    else last = null;
  };
  const move = (x: number, y: number): void => {
    goal.x = Math.min(Math.max(x, 40), WIDTH - 40);
    goal.y = Math.min(Math.max(y, 60), HEIGHT - 50);
    if (last !== null) return;
    last = performance.now();
    requestAnimationFrame(step);
  };
  map.addEventListener("pointermove", (event) => {
    const box = map.getBoundingClientRect();
    move(((event.clientX - box.left) / box.width) * WIDTH, ((event.clientY - box.top) / box.height) * HEIGHT);
  });
  const steps: Record<string, readonly [number, number]> = {
    ArrowLeft: [-STEP, 0],
    ArrowRight: [STEP, 0],
    ArrowUp: [0, -STEP],
    ArrowDown: [0, STEP],
  };
  map.tabIndex = 0;
  map.setAttribute("role", "img");
  map.setAttribute("aria-label", t("landing.map_label"));
  map.addEventListener("keydown", (event) => {
    const by = steps[event.key];
    if (!by) return;
    event.preventDefault();
    move(goal.x + by[0], goal.y + by[1]);
    caption.setAttribute("aria-live", "polite");
  });
  const invitation = caption.textContent;
  draw();
  caption.textContent = invitation;
}

/**
 * The office on the first page: walk over it with the mouse (or arrow keys) and see who would be heard.
 *
 * It is drawn only when something moves.
 */
import { fade } from "../game/hearing.ts";
import { h } from "./dom.ts";

// The Office map, in its own px.
const WIDTH = 960;
const HEIGHT = 640;
const STEP = 24;
// The world's own distances (px).
const HEARING = { full: 48, radius: 300, keep: 330, prewarm: 360 };
const ROOMS = [
  { name: "Room 1", x: 30, y: 21, width: 332, height: 228 },
  { name: "Room 2", x: 374, y: 21, width: 310, height: 228 },
  { name: "Room 3", x: 694, y: 21, width: 236, height: 228 },
];
const PEOPLE = [
  { name: "Mira", x: 250, y: 430, tone: "#0f857b" },
  { name: "Jonas", x: 600, y: 520, tone: "#8a4fb0" },
  { name: "Ayla", x: 800, y: 380, tone: "#b5523b" },
  { name: "Tom", x: 480, y: 140, tone: "#3f6fb5" },
  { name: "Ines", x: 590, y: 175, tone: "#a23b6d" },
  { name: "Kofi", x: 790, y: 150, tone: "#52793a" },
];

const roomAt = (x: number, y: number): number =>
  ROOMS.findIndex((room) => x >= room.x && x < room.x + room.width && y >= room.y && y < room.y + room.height);

/** "Mira", "Mira and Tom", "Mira, Tom and Ines" */
function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}

function words(room: number, heard: readonly { name: string; loud: number }[]): string {
  const well = heard.filter(({ loud }) => loud >= 0.5).map(({ name }) => name);
  const faintly = heard.filter(({ loud }) => loud > 0 && loud < 0.5).map(({ name }) => name);
  const place = ROOMS[room];
  if (place) {
    return well.length > 0
      ? `In ${place.name} you hear ${listed(well)}. Outside, nobody hears a word.`
      : `${place.name} is all yours. Outside, nobody hears a word.`;
  }
  const parts = [
    well.length > 0 ? `${listed(well)} well` : "",
    faintly.length > 0 ? `${listed(faintly)} from afar` : "",
  ].filter(Boolean);
  return parts.length > 0 ? `You hear ${parts.join(", ")}.` : "It is quiet here. Come closer to somebody.";
}

export function landingPage(): void {
  const figure = document.querySelector<HTMLElement>("#demo");
  const map = figure?.querySelector<HTMLElement>(".demo-map");
  const layer = figure?.querySelector<HTMLElement>(".demo-people");
  const caption = figure?.querySelector<HTMLElement>(".demo-words");
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
  const people = PEOPLE.map(({ name, x, y, tone }) => {
    const element = h("div", { class: "demo-person", "data-name": name });
    element.style.setProperty("--tone", tone);
    put(element, x, y);
    return element;
  });
  const circle = h("div", { class: "demo-circle" });
  const you = h("div", { class: "demo-person you", "data-name": "You" });
  layer.append(circle, ...rooms, ...people, you);

  const at = { x: 360, y: 470 };
  const draw = (): void => {
    const room = roomAt(at.x, at.y);
    put(you, at.x, at.y);
    put(circle, at.x, at.y);
    circle.classList.toggle("off", room >= 0);
    rooms.forEach((element, index) => element.classList.toggle("inside", index === room));
    const heard = PEOPLE.map((person, index) => {
      const theirs = roomAt(person.x, person.y);
      const distance = Math.hypot(person.x - at.x, person.y - at.y);
      const loud = theirs !== room ? 0 : room >= 0 ? 1 : fade(distance, HEARING);
      people[index]?.style.setProperty("--loud", loud.toFixed(2));
      return { name: person.name, loud };
    });
    caption.textContent = words(room, heard);
  };

  let due = 0;
  const move = (x: number, y: number): void => {
    at.x = Math.min(Math.max(x, 30), WIDTH - 30);
    at.y = Math.min(Math.max(y, 40), HEIGHT - 40);
    cancelAnimationFrame(due);
    due = requestAnimationFrame(draw);
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
  map.setAttribute("aria-label", "The Office map with six people. The arrow keys walk; the line below says whom you would hear.");
  map.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    move(at.x + step[0], at.y + step[1]);
    caption.setAttribute("aria-live", "polite");
  });
  const invitation = caption.textContent;
  draw();
  caption.textContent = invitation;
}

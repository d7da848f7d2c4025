/**
 * Pictures of names: painted in device px, so that they are crisp at every zoom.
 */

import type { Showing } from "../net/messages.ts";
import { zoneTitle } from "../shared/words.ts";

/** The type of our pages, as canvas wants it. */
const FAMILY = '"Inter", "Segoe UI", system-ui, -apple-system, "Noto Sans", sans-serif';

export interface NameLook {
  name: string;
  /** Says that it sends no sound. */
  muted: boolean;
  speaking: boolean;
  me: boolean;
  status: Showing["status"];
}

const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** Paints a name on `canvas`, which takes the size that it needs. `ratio`: device px per CSS px. */
export function paintName(canvas: HTMLCanvasElement, look: NameLook, ratio: number): void {
  const muted = look.muted ? 15 : 0;
  const status = look.status === "available" ? 0 : 15;
  pill(canvas, cut(look.name, 24), ratio, {
    size: 12,
    weight: 600,
    lead: muted + status,
    fill: look.me ? "rgb(61 47 87 / 94%)" : "rgb(34 27 46 / 80%)",
    edge: look.speaking ? "#45d69b" : look.me ? "#e9a23b" : null,
    ink: "#fffdf8",
    paintLead: (brush, x, middle) => {
      if (status > 0) paintStatus(brush, x + 5.5, middle, look.status);
      if (muted > 0) paintMuted(brush, x + status, middle - 6);
    },
  });
}

/** Paints a zone's name; a private one has a lock. */
export function paintPlate(canvas: HTMLCanvasElement, name: string, locked: boolean, here: boolean, ratio: number): void {
  pill(canvas, cut(zoneTitle(name), 32), ratio, {
    size: 12,
    weight: 700,
    lead: locked ? 15 : 0,
    fill: here ? "#e9a23b" : "rgb(255 253 248 / 88%)",
    edge: null,
    ink: here ? "#2b2138" : "#4b3c5c",
    paintLead: (brush, x, middle) => paintLock(brush, x, middle - 6, here ? "#2b2138" : "#4b3c5c"),
  });
}

interface PillLook {
  size: number;
  weight: number;
  /** Room (px) for a sign before the text. */
  lead: number;
  fill: string;
  edge: string | null;
  ink: string;
  paintLead: (brush: CanvasRenderingContext2D, x: number, middle: number) => void;
}

function pill(canvas: HTMLCanvasElement, text: string, ratio: number, look: PillLook): void {
  const brush = canvas.getContext("2d");
  if (!brush) return;
  const font = `${look.weight} ${look.size}px ${FAMILY}`;
  brush.font = font;
  const height = look.size + 9;
  const width = Math.ceil(brush.measureText(text).width) + look.lead + 16;
  canvas.width = Math.ceil(width * ratio);
  canvas.height = Math.ceil(height * ratio);
  brush.scale(ratio, ratio);
  brush.font = font;
  brush.fillStyle = look.fill;
  brush.beginPath();
  brush.roundRect(1, 1, width - 2, height - 2, height / 2);
  brush.fill();
  if (look.edge) {
    brush.strokeStyle = look.edge;
    brush.lineWidth = 1.75;
    brush.stroke();
  }
  if (look.lead > 0) look.paintLead(brush, 8, height / 2);
  brush.fillStyle = look.ink;
  brush.textBaseline = "middle";
  brush.fillText(text, 8 + look.lead, height / 2 + 0.5);
}

function paintMuted(brush: CanvasRenderingContext2D, x: number, y: number): void {
  brush.strokeStyle = "#ff9c90";
  brush.fillStyle = "#ff9c90";
  brush.lineWidth = 1.4;
  brush.lineCap = "round";
  brush.beginPath();
  brush.roundRect(x + 3.6, y + 0.8, 3.8, 6.4, 1.9);
  brush.fill();
  brush.beginPath();
  brush.arc(x + 5.5, y + 5.2, 3.6, 0.15, Math.PI - 0.15);
  brush.moveTo(x + 5.5, y + 9);
  brush.lineTo(x + 5.5, y + 10.8);
  brush.moveTo(x + 0.8, y + 0.8);
  brush.lineTo(x + 10.2, y + 10.8);
  brush.stroke();
}

/** Busy is a disc with a bar, away a moon: told apart by form as well as by colour. */
function paintStatus(brush: CanvasRenderingContext2D, x: number, y: number, status: NameLook["status"]): void {
  brush.fillStyle = status === "busy" ? "#ff9c90" : "#ffd98a";
  brush.beginPath();
  if (status === "busy") {
    brush.arc(x, y, 5, 0, Math.PI * 2);
    brush.fill();
    brush.fillStyle = "#2b2138";
    brush.fillRect(x - 3, y - 1, 6, 2);
    return;
  }
  brush.arc(x, y, 5, Math.PI * 0.25, Math.PI * 1.25, false);
  brush.quadraticCurveTo(x + 1, y + 1, x + 3.5, y + 3.5);
  brush.fill();
}

function paintLock(brush: CanvasRenderingContext2D, x: number, y: number, colour: string): void {
  brush.strokeStyle = colour;
  brush.fillStyle = colour;
  brush.lineWidth = 1.5;
  brush.beginPath();
  brush.arc(x + 5, y + 4.6, 2.7, Math.PI, 0);
  brush.lineTo(x + 7.7, y + 6);
  brush.moveTo(x + 2.3, y + 4.6);
  brush.lineTo(x + 2.3, y + 6);
  brush.stroke();
  brush.beginPath();
  brush.roundRect(x + 0.8, y + 5.4, 8.4, 6, 1.4);
  brush.fill();
}

/**
 * One person on the map: figure, shadow, speaking ring and name.
 */
import Phaser from "phaser";
import type { Direction } from "../net/messages.ts";
import { type Sheet, frameOf } from "./figures.ts";
import { type NameLook, paintName } from "./labels.ts";
import type { NameBox } from "./name_rows.ts";

/** Drawing order: people by their feet's y, all of them below what is Above. */
const PEOPLE_DEPTH = 100;
const NAME_DEPTH = 2_000_000;
/** px between the top of a figure and its name. */
const NAME_GAP = 1;

/** Time constant (ms) with which a name makes room for another. */
const RAISE_MS = 70;

/** px of the legs that a seat hides, and how much lower one sits. */
const LEGS = 5;
const SEAT_DROP = 3;

export interface AvatarPose {
  x: number;
  y: number;
  direction: Direction;
  moving: boolean;
  seated: boolean;
}

export const SHADOW_KEY = "shadow";
export const RING_KEY = "ring";

export class Avatar {
  readonly #scene: Phaser.Scene;
  readonly #id: string;
  readonly #shadow: Phaser.GameObjects.Image;
  readonly #ring: Phaser.GameObjects.Image;
  readonly #name: Phaser.GameObjects.Image;
  #figure: Phaser.GameObjects.Image | null = null;
  #sheet: Sheet | null = null;
  #look: NameLook | null = null;
  #ratio = 1;
  #nameShown = true;
  #movingSince: number | null = null;
  #frame = -1;
  #seated = false;
  /** Where the name would stand alone, device px; and how far it has gone up from there. */
  #nameAt = { x: 0, y: 0, scale: 1 };
  #raised = 0;

  constructor(scene: Phaser.Scene, id: string) {
    this.#scene = scene;
    this.#id = id;
    this.#shadow = scene.add.image(0, 0, SHADOW_KEY).setAlpha(0.3);
    this.#ring = scene.add.image(0, 0, RING_KEY).setVisible(false);
    this.#name = scene.add.image(0, 0, "__DEFAULT").setOrigin(0.5, 1).setDepth(NAME_DEPTH).setVisible(false);
  }

  /** px from the feet to the top of the head. */
  get tall(): number {
    return this.#sheet ? this.#sheet.feetY - headroom(this.#sheet) : 40;
  }

  dress(sheet: Sheet): void {
    const { key } = sheet;
    this.#sheet = sheet;
    this.#frame = -1;
    if (!this.#scene.textures.exists(key)) {
      this.#scene.textures.addSpriteSheet(key, sheet.image as HTMLImageElement, {
        frameWidth: sheet.frameWidth,
        frameHeight: sheet.frameHeight,
      });
    }
    this.#figure?.destroy();
    this.#seated = false;
    this.#figure = this.#scene.add.image(0, 0, key, 0);
    this.#figure.setOrigin(sheet.feetX / sheet.frameWidth, sheet.feetY / sheet.frameHeight);
  }

  /** The name's picture is painted anew only when something of it has changed. */
  label(look: NameLook, ratio: number): void {
    const old = this.#look;
    const same =
      old &&
      old.name === look.name &&
      old.muted === look.muted &&
      old.speaking === look.speaking &&
      old.me === look.me &&
      old.status === look.status;
    if (same && this.#ratio === ratio) return;
    this.#look = look;
    this.#ratio = ratio;
    this.#ring.setVisible(look.speaking);
    const key = `name:${this.#id}`;
    const canvas = document.createElement("canvas");
    paintName(canvas, look, ratio);
    const old_texture = this.#scene.textures.exists(key);
    this.#name.setTexture("__DEFAULT");
    if (old_texture) this.#scene.textures.remove(key);
    this.#scene.textures.addCanvas(key, canvas)?.setFilter(Phaser.Textures.FilterMode.LINEAR);
    this.#name.setTexture(key);
    this.#name.setVisible(this.#nameShown);
  }

  /** A video tile carries the name itself. */
  showName(shown: boolean): void {
    this.#nameShown = shown;
    this.#name.setVisible(shown && this.#look !== null);
  }

  /** `scale`: device px per map px; everything stands on whole device px. */
  pose({ x, y, direction, moving, seated }: AvatarPose, now: number, scale: number): void {
    const px = Math.round(x * scale) / scale;
    const py = Math.round(y * scale) / scale;
    if (!moving) this.#movingSince = null;
    else this.#movingSince ??= now;
    this.#shadow.setPosition(px, py + 1).setDepth(PEOPLE_DEPTH - 2);
    this.#ring.setPosition(px, py + 1).setDepth(PEOPLE_DEPTH - 1);
    if (this.#figure && this.#sheet) {
      const frame = frameOf(this.#sheet, direction, moving, now - (this.#movingSince ?? now));
      if (frame !== this.#frame) this.#figure.setFrame(frame, false, false);
      this.#frame = frame;
      this.#sit(seated);
      this.#figure.setPosition(px, py + (seated ? SEAT_DROP : 0)).setDepth(PEOPLE_DEPTH + py);
    }
    const middle = Math.round(px * scale) + (this.#name.width % 2 ? 0.5 : 0);
    this.#nameAt = { x: middle, y: Math.round((py - this.tall - NAME_GAP) * scale), scale };
  }

  /** Where the name would stand alone, device px; null while a tile carries it. */
  get nameBox(): NameBox | null {
    if (!this.#nameShown || !this.#look) return null;
    return { id: this.#id, x: this.#nameAt.x, y: this.#nameAt.y, width: this.#name.width, height: this.#name.height };
  }

  /** One frame of the name's way to `wanted` device px above its place; true while it is on it. */
  raiseName(wanted: number, dt: number): boolean {
    const off = wanted - this.#raised;
    const there = Math.abs(off) < 1;
    this.#raised = there ? wanted : this.#raised + off * (1 - Math.exp(-dt / RAISE_MS));
    const { x, y, scale } = this.#nameAt;
    this.#name.setPosition(x / scale, (y - Math.round(this.#raised)) / scale).setScale(1 / scale);
    return !there;
  }

  /** Who sits shows no legs below the knee. */
  #sit(seated: boolean): void {
    if (seated === this.#seated || !this.#figure || !this.#sheet) return;
    this.#seated = seated;
    if (seated) this.#figure.setCrop(0, 0, this.#sheet.frameWidth, this.#sheet.feetY - LEGS);
    else this.#figure.setCrop();
  }

  /** How solid the figure is; its name stays readable. */
  fade(alpha: number): void {
    this.#figure?.setAlpha(alpha);
  }

  destroy(): void {
    for (const part of [this.#shadow, this.#ring, this.#name, this.#figure]) part?.destroy();
    const key = `name:${this.#id}`;
    if (this.#scene.textures.exists(key)) this.#scene.textures.remove(key);
  }
}

/** Empty px above the head in a frame: names sit on heads, not on frames. */
function headroom(sheet: Sheet): number {
  return sheet.frameHeight > 40 ? 3 : 0;
}

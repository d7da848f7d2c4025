/**
 * The picture of the map: the only file that knows how the engine draws. It is told what to show and
 * draws when asked, never by itself: nothing moves, nothing is drawn.
 */
import Phaser from "phaser";
import { t } from "../i18n/words.ts";
import type { ZoneInfo } from "../net/messages.ts";
import { Avatar, RING_KEY, SHADOW_KEY } from "./avatar.ts";
import type { Point } from "./collision.ts";
import type { Size } from "./camera.ts";
import type { Chunk, Ground } from "./ground.ts";
import { paintPlate } from "./labels.ts";
import { type NameBox, raiseNames } from "./name_rows.ts";

const GOAL_KEY = "goal";
const ABOVE_DEPTH = 1_000_000;
const PLATE_DEPTH = 2_100_000;
const DIM_DEPTH = 3_000_000;
const HERE_DEPTH = 3_100_000;
/** How dark the rest gets around a private room, and how long (ms) that takes. */
const DIM = 0.5;
const DIM_MS = 280;
/** An engine that has not drawn its first frame by then (ms) never will. */
const CREATE_MS = 20_000;
const FEATHER = [0, 2, 4, 6, 8, 10, 12, 14, 16];

export class Stage {
  readonly #game: Phaser.Game;
  readonly #scene: Phaser.Scene;
  readonly #parent: HTMLElement;
  readonly #avatars = new Map<string, Avatar>();
  readonly #plates: { zone: ZoneInfo; image: Phaser.GameObjects.Image }[] = [];
  #ground: Phaser.GameObjects.Image[] = [];
  readonly #dim: Phaser.GameObjects.Graphics;
  readonly #ring: Phaser.GameObjects.Graphics;
  readonly #goal: Phaser.GameObjects.Image;
  #hearing: number | "room" | null = null;
  #dimTarget = 0;
  #size: Size = { width: 1, height: 1 };
  #ratio = 1;
  #scale = 1;
  #map: Size = { width: 1, height: 1 };

  /**
   * Resolves after the engine's first frame, also in a page that is not looked at; rejects with a sentence for the
   * person. `lost`: the graphics card has let go of the picture, and nothing of this stage is seen any more.
   */
  static create(parent: HTMLElement, lost: () => void): Promise<Stage> {
    return new Promise((resolve, reject) => {
      const scene = new Phaser.Scene("map");
      const late = setTimeout(() => reject(new Error(t("world.cannot_draw"))), CREATE_MS);
      try {
        const game = new Phaser.Game({
          type: hasGpu() ? Phaser.WEBGL : Phaser.CANVAS,
          parent,
          width: 16,
          height: 16,
          scene,
          transparent: true,
          banner: false,
          input: false,
          autoFocus: false,
          audio: { noAudio: true },
          render: { pixelArt: true, roundPixels: false, powerPreference: "low-power", antialiasGL: false },
          scale: { mode: Phaser.Scale.ScaleModes.NONE, autoRound: true },
          // A hidden page has no animation frames: the first picture comes by a timer.
          fps: { forceSetTimeOut: true },
        });
        // The engine's own loop is there for one frame: from then on `draw` says when.
        game.events.once(Phaser.Core.Events.POST_RENDER, () => {
          game.loop.stop();
          clearTimeout(late);
          for (const event of ["webglcontextlost", "contextlost"]) game.canvas.addEventListener(event, lost, { once: true });
          resolve(new Stage(parent, game, scene));
        });
      } catch (error) {
        clearTimeout(late);
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  private constructor(parent: HTMLElement, game: Phaser.Game, scene: Phaser.Scene) {
    this.#parent = parent;
    this.#game = game;
    this.#scene = scene;
    this.#paintSigns();
    this.#dim = scene.add.graphics().setDepth(DIM_DEPTH).setAlpha(0);
    this.#ring = scene.add.graphics().setDepth(60);
    this.#goal = scene.add.image(0, 0, GOAL_KEY).setDepth(50).setVisible(false);
    game.canvas.setAttribute("aria-hidden", "true");
    this.resize();
  }

  get size(): Size {
    return this.#size;
  }

  /** By what it draws. */
  get engine(): "webgl" | "canvas" {
    return this.#game.config.renderType === Phaser.WEBGL ? "webgl" : "canvas";
  }

  /** The radius (map px) of the disc that `showHearing` draws now, "room" for a rectangle, null for nothing. */
  get hearing(): number | "room" | null {
    return this.#hearing;
  }

  get ratio(): number {
    return this.#ratio;
  }

  /** Takes the parent's size. */
  resize(): void {
    const { clientWidth, clientHeight } = this.#parent;
    this.#ratio = Math.min(window.devicePixelRatio || 1, 3);
    this.#size = { width: Math.max(clientWidth, 16), height: Math.max(clientHeight, 16) };
    const width = Math.round(this.#size.width * this.#ratio);
    const height = Math.round(this.#size.height * this.#ratio);
    this.#game.scale.resize(width, height);
    this.#game.canvas.style.width = `${width / this.#ratio}px`;
    this.#game.canvas.style.height = `${height / this.#ratio}px`;
    this.#scene.cameras.main.setSize(width, height);
  }

  /** Shows another map. */
  setGround(ground: Ground): void {
    for (const image of this.#ground) image.destroy();
    this.#ground = [];
    const add = (chunks: Chunk[], name: string, depth: number): void => {
      chunks.forEach((chunk, i) => {
        const key = `ground:${name}:${i}`;
        if (this.#scene.textures.exists(key)) this.#scene.textures.remove(key);
        this.#scene.textures.addCanvas(key, chunk.canvas);
        this.#ground.push(this.#scene.add.image(chunk.x, chunk.y, key).setOrigin(0, 0).setDepth(depth));
      });
    };
    add(ground.below, "below", 0);
    add(ground.above, "above", ABOVE_DEPTH);
    this.#map = {
      width: ground.map.width * ground.map.tilewidth,
      height: ground.map.height * ground.map.tileheight,
    };
  }

  // --- people --------------------------------------------------------------------------------

  avatar(id: string): Avatar {
    let avatar = this.#avatars.get(id);
    if (!avatar) {
      avatar = new Avatar(this.#scene, id);
      this.#avatars.set(id, avatar);
    }
    return avatar;
  }

  removeAvatar(id: string): void {
    this.#avatars.get(id)?.destroy();
    this.#avatars.delete(id);
  }

  // --- zones ---------------------------------------------------------------------------------

  /** Name plates; the one of `here` stands out. */
  setZones(zones: Iterable<ZoneInfo>, here: string | null): void {
    for (const { zone, image } of this.#plates) {
      image.destroy();
      this.#scene.textures.remove(`plate:${zone.id}`);
    }
    this.#plates.length = 0;
    for (const zone of zones) {
      const canvas = document.createElement("canvas");
      const locked = zone.type === "PRIVATE";
      paintPlate(canvas, zone.name, locked, zone.id === here && locked, this.#ratio);
      const key = `plate:${zone.id}`;
      this.#scene.textures.addCanvas(key, canvas)?.setFilter(Phaser.Textures.FilterMode.LINEAR);
      const depth = zone.id === here ? HERE_DEPTH : PLATE_DEPTH;
      const image = this.#scene.add.image(0, 0, key).setOrigin(0.5, 0).setDepth(depth);
      this.#plates.push({ zone, image });
    }
  }

  /** Darkens everything outside this room; null lights the map again. */
  dimAround(room: ZoneInfo | null): void {
    this.#dimTarget = room ? 1 : 0;
    if (!room) return;
    const { x, y, width, height } = room.bounds;
    // A wide frame: beyond the map there is only page.
    const far = 4000;
    this.#dim.clear();
    this.#dim.fillStyle(0x1a1523, 1 - (1 - DIM) ** (1 / FEATHER.length));
    for (const grow of FEATHER) {
      const left = x - grow;
      const top = y - grow;
      const right = x + width + grow;
      const bottom = y + height + grow;
      this.#dim.fillRect(-far, -far, this.#map.width + 2 * far, top + far);
      this.#dim.fillRect(-far, bottom, this.#map.width + 2 * far, this.#map.height + far - bottom);
      this.#dim.fillRect(-far, top, left + far, bottom - top);
      this.#dim.fillRect(right, top, this.#map.width + far - right, bottom - top);
    }
  }

  /** How far one is heard: a disc around a place, a room's rectangle, or nothing. */
  showHearing(at: Point | null, radius: number, full: number, room: ZoneInfo | null): void {
    this.#ring.clear();
    this.#hearing = room ? "room" : at ? radius : null;
    if (room) {
      const { x, y, width, height } = room.bounds;
      this.#ring.fillStyle(0x45d69b, 0.1).fillRect(x, y, width, height);
      this.#ring.lineStyle(2, 0x45d69b, 0.9).strokeRect(x, y, width, height);
    } else if (at) {
      this.#ring.fillStyle(0x45d69b, 0.1).fillCircle(at.x, at.y, radius);
      this.#ring.fillStyle(0x45d69b, 0.1).fillCircle(at.x, at.y, (radius + full) / 2);
      this.#ring.fillStyle(0x45d69b, 0.12).fillCircle(at.x, at.y, full);
      this.#ring.lineStyle(2, 0x45d69b, 0.8).strokeCircle(at.x, at.y, radius);
    }
  }

  /** Where a walk ends. */
  showGoal(at: Point | null): void {
    this.#goal.setVisible(at !== null);
    if (at) this.#goal.setPosition(at.x, at.y);
  }

  // --- drawing -------------------------------------------------------------------------------

  /** `centre` in map px, `zoom` in CSS px per map px. */
  look(centre: Point, zoom: number): void {
    this.#scale = zoom * this.#ratio;
    const camera = this.#scene.cameras.main;
    camera.setZoom(this.#scale);
    camera.centerOn(centre.x, centre.y);
    for (const { zone, image } of this.#plates) {
      const { x, y, width } = zone.bounds;
      const across = Math.round((x + width / 2) * this.#scale) / this.#scale;
      image.setPosition(across, Math.round((y + 6) * this.#scale) / this.#scale).setScale(1 / this.#scale);
    }
  }

  /** Device px per map px. */
  get scale(): number {
    return this.#scale;
  }

  /** Draws one frame; true while something of its own still changes. `me` has the name that stays in place. */
  draw(now: number, dt: number, me: string): boolean {
    const raising = this.#raiseNames(dt, me);
    const alpha = this.#dim.alpha;
    const step = dt / DIM_MS;
    const next = alpha < this.#dimTarget ? Math.min(alpha + step, 1) : Math.max(alpha - step, this.#dimTarget);
    this.#dim.setAlpha(next).setVisible(next > 0);
    this.#game.step(now, dt);
    return raising || next !== this.#dimTarget;
  }

  #raiseNames(dt: number, me: string): boolean {
    const boxes: NameBox[] = [];
    for (const avatar of this.#avatars.values()) if (avatar.nameBox) boxes.push(avatar.nameBox);
    const raised = raiseNames(boxes, me);
    let raising = false;
    for (const [id, avatar] of this.#avatars) raising = avatar.raiseName(raised.get(id) ?? 0, dt) || raising;
    return raising;
  }

  destroy(): void {
    this.#game.destroy(true);
    this.#game.step(performance.now(), 0); // with the engine's next step, and we are its clock
  }

  #paintSigns(): void {
    const shadow = document.createElement("canvas");
    shadow.width = 26;
    shadow.height = 12;
    const dark = shadow.getContext("2d");
    dark?.ellipse(13, 6, 12, 5, 0, 0, Math.PI * 2);
    if (dark) dark.fillStyle = "#2e1f47";
    dark?.fill();
    this.#scene.textures.addCanvas(SHADOW_KEY, shadow);
    this.#paintRing(RING_KEY, "#45d69b", 18, 9);
    this.#paintRing(GOAL_KEY, "#e9a23b", 10, 5);
  }

  #paintRing(key: string, colour: string, across: number, along: number): void {
    const canvas = document.createElement("canvas");
    canvas.width = 2 * across + 6;
    canvas.height = 2 * along + 6;
    const brush = canvas.getContext("2d");
    if (brush) {
      brush.strokeStyle = colour;
      brush.lineWidth = 2.5;
      brush.ellipse(canvas.width / 2, canvas.height / 2, across, along, 0, 0, Math.PI * 2);
      brush.stroke();
    }
    this.#scene.textures.addCanvas(key, canvas);
  }
}

/**
 * Whether WebGL runs on a GPU. Where it is emulated a frame takes ten times as long as on a 2D canvas,
 * which looks the same.
 */
function hasGpu(): boolean {
  const canvas = document.createElement("canvas");
  const strict: WebGLContextAttributes = { failIfMajorPerformanceCaveat: true };
  const context = canvas.getContext("webgl", strict) as WebGLRenderingContext | null;
  if (!context) return false;
  // Some browsers emulate without calling it a caveat: the renderer's name tells.
  const names = context.getExtension("WEBGL_debug_renderer_info");
  const name = String(context.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : context.RENDERER));
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return !/swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
}

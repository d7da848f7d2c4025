/**
 * A map as the world serves it: Tiled JSON in normal form (finite, orthogonal, groups flattened, tilesets
 * embedded, cells as plain integers). What of it is drawn under people, what over them, and what blocks.
 *
 * Pure: no picture is loaded here.
 */

/** The top four bits of a cell say how its tile is turned. */
export const FLIP_X = 0x80000000;
export const FLIP_Y = 0x40000000;
export const FLIP_DIAGONAL = 0x20000000;
const ID_MASK = 0x0fffffff;
const COLLISION_LAYERS = ["collision", "collisions"];

export interface TiledTileset {
  firstgid: number;
  tilewidth: number;
  tileheight: number;
  tilecount: number;
  columns: number;
  margin: number;
  spacing: number;
  image?: string;
  tiles?: { id: number; image?: string; imagewidth?: number; imageheight?: number; properties?: TiledProperty[] }[];
}

export interface TiledProperty {
  name: string;
  value: unknown;
}

interface LayerBase {
  name: string;
  visible: boolean;
  opacity: number;
  offsetx?: number;
  offsety?: number;
}

export interface TileLayer extends LayerBase {
  type: "tilelayer";
  data: number[];
}

export interface ObjectLayer extends LayerBase {
  type: "objectgroup";
  objects: {
    type?: string;
    gid?: number;
    x: number;
    y: number;
    width: number;
    height: number;
    rotation?: number;
    visible: boolean;
    properties?: { name: string; value: unknown }[];
  }[];
}

export interface ImageLayer extends LayerBase {
  type: "imagelayer";
  image: string;
  x?: number;
  y?: number;
}

export type TiledLayer = TileLayer | ObjectLayer | ImageLayer;

export interface TiledMap {
  width: number;
  height: number;
  tilewidth: number;
  tileheight: number;
  backgroundcolor?: string;
  layers: TiledLayer[];
  tilesets: TiledTileset[];
}

export interface Picture {
  image: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Where the picture of tile `gid` (with or without flip bits) is; null for none. */
export function pictureOf(map: TiledMap, gid: number): Picture | null {
  const id = (gid & ID_MASK) >>> 0;
  if (id === 0) return null;
  const set = map.tilesets.findLast((tileset) => tileset.firstgid <= id);
  if (!set) return null;
  const local = id - set.firstgid;
  if (set.image !== undefined && set.columns > 0 && local < set.tilecount) {
    const column = local % set.columns;
    const row = Math.floor(local / set.columns);
    return {
      image: set.image,
      x: set.margin + column * (set.tilewidth + set.spacing),
      y: set.margin + row * (set.tileheight + set.spacing),
      width: set.tilewidth,
      height: set.tileheight,
    };
  }
  const own = set.tiles?.find((tile) => tile.id === local);
  if (!own?.image) return null;
  return { image: own.image, x: 0, y: 0, width: own.imagewidth ?? set.tilewidth, height: own.imageheight ?? set.tileheight };
}

/** All pictures that the map needs, as it names them. */
export function imagesOf(map: TiledMap): Set<string> {
  const images = new Set<string>();
  for (const set of map.tilesets) {
    if (set.image !== undefined) images.add(set.image);
    for (const tile of set.tiles ?? []) if (tile.image !== undefined) images.add(tile.image);
  }
  for (const layer of map.layers) if (layer.type === "imagelayer") images.add(layer.image);
  return images;
}

/**
 * The visible layers in two stacks: people stand between them. `Above` and what follows it is over
 * them; in maps that mark the floor with an object layer `floorLayer`, what follows that.
 */
export function stacks(map: TiledMap): { below: TiledLayer[]; above: TiledLayer[] } {
  const below: TiledLayer[] = [];
  const above: TiledLayer[] = [];
  let over = false;
  for (const layer of map.layers) {
    if (layer.name === "Above") over = true;
    if (layer.visible && layer.opacity > 0) (over ? above : below).push(layer);
    if (layer.type === "objectgroup" && layer.name === "floorLayer") over = true;
  }
  return { below, above };
}

/**
 * One byte a tile, 1 where it blocks: layers named Collision, and tiles with a true property `collides`.
 * The world reads the same map by the same rule.
 */
export function blockedCells(map: TiledMap): Uint8Array {
  const blocked = new Uint8Array(map.width * map.height);
  const colliding = new Set<number>();
  for (const set of map.tilesets) {
    for (const tile of set.tiles ?? []) {
      const collides = tile.properties?.some((p) => p.name === "collides" && p.value === true);
      if (collides) colliding.add(set.firstgid + tile.id);
    }
  }
  for (const layer of map.layers) {
    if (layer.type !== "tilelayer") continue;
    const collision = COLLISION_LAYERS.includes(layer.name.trim().toLowerCase());
    if (!collision && colliding.size === 0) continue;
    const columns = Math.floor((layer.offsetx ?? 0) / map.tilewidth);
    const rows = Math.floor((layer.offsety ?? 0) / map.tileheight);
    layer.data.forEach((gid, i) => {
      const id = (gid & ID_MASK) >>> 0;
      if (id === 0 || !(collision || colliding.has(id))) return;
      const column = (i % map.width) + columns;
      const row = Math.floor(i / map.width) + rows;
      if (column < 0 || row < 0 || column >= map.width || row >= map.height) return;
      blocked[row * map.width + column] = 1;
    });
  }
  return blocked;
}

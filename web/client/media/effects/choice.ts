/**
 * Which effects a person wants on what they send and hear, remembered in this browser. Pure but for that memory.
 */

export interface Effects {
  /** Steady noise is taken out of the microphone (RNNoise). */
  readonly noise: boolean;
  /** Everything behind the person is blurred. */
  readonly blur: boolean;
  /** Voices come from where people stand. */
  readonly direction: boolean;
}

export const NO_EFFECTS: Effects = { noise: false, blur: false, direction: true };
const KEY = "atrium.effects";

type Memory = Pick<Storage, "getItem" | "setItem">;

/** What was chosen last time; a broken memory is no memory. */
export function rememberedEffects(memory: Memory | undefined = storage()): Effects {
  let kept: unknown = null;
  try {
    kept = JSON.parse(memory?.getItem(KEY) ?? "null");
  } catch {
    return NO_EFFECTS;
  }
  const flag = (name: keyof Effects): boolean => {
    const value = typeof kept === "object" && kept !== null ? (kept as Record<string, unknown>)[name] : undefined;
    return typeof value === "boolean" ? value : NO_EFFECTS[name];
  };
  return { noise: flag("noise"), blur: flag("blur"), direction: flag("direction") };
}

export function rememberEffects(effects: Effects, memory: Memory | undefined = storage()): void {
  try {
    memory?.setItem(KEY, JSON.stringify(effects));
  } catch {
    // No room or no permission: it holds as long as the page is open.
  }
}

function storage(): Memory | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined; // blocked by the browser
  }
}

/**
 * What a page keeps in this browser. Where storage is blocked nothing is kept, and nothing breaks.
 */
/** Set by signing up: whoever comes in next is new here, and has a look to choose. */
export const NEW_HERE = "atrium.new";

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Blocked: it is asked for, or shown, again.
  }
}

export function forget(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {
    // Blocked: there is nothing to forget.
  }
}

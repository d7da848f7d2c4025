/**
 * The HTTP API: JSON in and out, every failure as one ApiError that can be shown to a person.
 */

import { known, t } from "../i18n/words.ts";

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  /** The field to blame, where there is one. */
  readonly field: string | null;

  constructor(status: number, code: string, message: string, field: string | null = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

/**
 * What an answer that is not ok says: in the reader's language where the catalogue has its code (and field), else
 * in the server's own words. Any other body than the API's own error gets plain words.
 */
export function errorOf(status: number, body: unknown): ApiError {
  const error = (body as { error?: unknown } | null)?.error;
  if (typeof error === "object" && error !== null) {
    const { code, message, field, figure } = error as Record<string, unknown>;
    if (typeof code === "string" && typeof message === "string") {
      const at = typeof field === "string" ? field : null;
      const named = typeof figure === "number" ? { figure } : {};
      const words = (at ? known(`error.${code}.${at}`, named) : null) ?? known(`error.${code}`, named) ?? message;
      return new ApiError(status, code, words, at);
    }
  }
  return new ApiError(status, "unexpected", t("error.unexpected"));
}

/** What has not been answered by then (ms) is taken for unreachable. */
const ANSWER_MS = 30_000;

/** Asks the API. Throws ApiError, also where nothing answers (status 0). */
export async function api<T>(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(method === "GET"
        ? {}
        : { body: JSON.stringify(body ?? {}), headers: { "Content-Type": "application/json" } }),
    });
  } catch {
    throw new ApiError(0, "unreachable", t("error.unreachable"));
  }
  const told: unknown = await answer.json().catch(() => null);
  if (!answer.ok) throw errorOf(answer.status, told);
  return told as T;
}

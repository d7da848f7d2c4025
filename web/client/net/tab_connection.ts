/** A connection whose place is this tab's: a page that is loaded anew takes it up again. */
import { Connection, type ConnectionOptions } from "./connection.ts";

const RESUME = "atrium.resume.";

export function tabConnection({ serverId, message, state }: Pick<ConnectionOptions, "serverId" | "message" | "state">): Connection {
  const key = RESUME + serverId;
  return new Connection({
    serverId,
    resume: sessionStorage.getItem(key),
    message: (told) => {
      if (told.type === "welcome" || told.type === "resume") sessionStorage.setItem(key, told.resume);
      message(told);
    },
    state,
  });
}

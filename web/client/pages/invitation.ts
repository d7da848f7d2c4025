/** A link that makes its holder a member of a server. */
import { api } from "./api.ts";

/** Makes a new one, good for a week. Throws ApiError. */
export async function newInvitation(serverId: string): Promise<string> {
  const { path } = await api<{ path: string }>("POST", `/api/servers/${serverId}/invites`);
  return `${location.origin}${path}`;
}

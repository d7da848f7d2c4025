/** Entry of the meeting page: first the mirror, then the room. */
import { t } from "./i18n/words.ts";
import { prejoin } from "./meeting/prejoin.ts";
import { Room, type Seat } from "./meeting/room.ts";
import { api } from "./pages/api.ts";
import { byId, pageData } from "./shared/dom.ts";

interface Page {
  meeting_id: string;
  logged_in: boolean;
}

const { meeting_id, logged_in } = pageData<Page>();
const path = `/api/meetings/${encodeURIComponent(meeting_id)}`;

api<{ people: number }>("GET", path).then(
  ({ people }) => {
    byId("inside").textContent = people === 0 ? t("meeting.nobody_inside") : t("meeting.inside", { count: people });
  },
  () => undefined, // only a courtesy: joining tells what is wrong
);

const join = (name: string): Promise<Seat> => api<Seat>("POST", `${path}/join`, logged_in ? {} : { name });

prejoin(logged_in, join, (seat, entrance) => {
  byId("prejoin").hidden = true;
  byId("room").hidden = false;
  document.body.classList.add("inside");
  const room = new Room(seat, entrance);
  room.enter();
  // For whoever looks under the hood: the browser tests and the curious.
  Object.assign(globalThis, {
    atrium: {
      media: room.media,
      you: () => room.you,
      players: () => room.state.players,
      gains: () => Object.fromEntries(room.state.players.map(({ user_id }) => [user_id, room.state.gainOf(user_id)])),
      mediaState: () => room.mediaState,
    },
  });
});

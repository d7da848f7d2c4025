/**
 * The world page: makes its parts and joins them. What the world says goes in at `#heard`; what the person
 * does goes out through `connection.send` and the media session.
 */
import { t } from "../i18n/words.ts";
import type { Chat } from "../chat/chat.ts";
import { Play } from "../game/play.ts";
import { type Change, People } from "../game/people.ts";
import type { MediaControl, Signal } from "../media/contract.ts";
import { AsLeft, loadedAnew } from "../media/as_left.ts";
import { Volumes } from "../media/volumes.ts";
import type { Connection, ConnectionState } from "../net/connection.ts";
import type { Emote, ServerMessage, Slots, Welcome } from "../net/messages.ts";
import { tabConnection } from "../net/tab_connection.ts";
import { byId } from "../shared/dom.ts";
import { Announcer } from "./announcer.ts";
import { Booth } from "./booth.ts";
import { Bubbles, EMOTES } from "./bubbles.ts";
import { ChatPlaces, worldChat } from "./chat_places.ts";
import { openDevices } from "./device_dialog.ts";
import { invitePeople } from "./inviting.ts";
import { Lists } from "./lists.ts";
import { MediaControls } from "./media_controls.ts";
import { MapPicture } from "./map_picture.ts";
import { Modes } from "./modes.ts";
import { Banner, Toasts } from "./notices.ts";
import { Overlay } from "./overlay.ts";
import { Panel } from "./panel.ts";
import { Place } from "./place.ts";
import { Doors } from "./doors.ts";
import { Expressions } from "./expressions.ts";
import { Figures } from "./figures.ts";
import { Find } from "./find.ts";
import { firstSteps } from "./first_steps.ts";
import { Hands } from "./hands.ts";
import { HearersPanel } from "./hearers.ts";
import { OwnMedia } from "./own_media.ts";
import { openRemoval } from "../pages/removal.ts";
import { QualitySign } from "./quality_sign.ts";
import { type Seam, makeSeam } from "./seam.ts";
import { Self } from "./self.ts";
import { tour, tourIsDue } from "./tour.ts";
import { fillToolbar } from "./toolbar.ts";
import { Voices } from "./voices.ts";
import { Walking } from "./walking.ts";

export interface PageData {
  server_id: string;
  server_name: string;
  user_id: string;
}

export class WorldPage {
  readonly #connection: Connection;
  readonly #media: MediaControl;
  readonly #people: People;
  readonly #toasts = new Toasts(byId("toasts"));
  readonly #announcer = new Announcer(byId("announcer"));
  readonly #place = new Place(this.#toasts);
  readonly #banner: Banner;
  readonly #panel: Panel;
  readonly #lists: Lists;
  readonly #chat: Chat;
  readonly #chatPlaces: ChatPlaces;
  readonly #bubbles: Bubbles;
  readonly #picture: MapPicture;
  readonly #controls: MediaControls;
  readonly #overlay: Overlay;
  readonly #voices: Voices;
  readonly #walking: Walking;
  readonly #find: Find;
  readonly #self: Self;
  readonly #hearers: HearersPanel;
  readonly #figures: Figures;
  readonly #hands: Hands;
  readonly #doors: Doors;
  readonly #own: OwnMedia;
  #play: Play | null = null;
  #entering: Promise<void> = Promise.resolve();
  #slots: Slots | null = null;
  #seq = 0;
  readonly #placeName: string;

  constructor(data: PageData, createMedia: (signal: Signal) => MediaControl) {
    this.#placeName = data.server_name;
    this.#connection = tabConnection({
      serverId: data.server_id,
      message: (message) => this.#heard(message),
      state: (state) => this.#connectionChanged(state),
    });
    this.#media = createMedia({ send: (message) => (this.#own.leaving ? undefined : this.#connection.send(message)) });
    this.#people = new People((change) => this.#changed(change));
    this.#banner = new Banner(byId("banner"), { retry: () => this.#connection.retry() });
    const wake = (): void => this.#play?.wake();
    this.#bubbles = new Bubbles(byId("bubbles"), wake);
    this.#overlay = new Overlay(byId("tiles"), byId("floating"), byId("top"), {
      pinned: (userId) => this.#connection.send({ type: "pin", user_id: userId }),
      modeChanged: () => this.#voices.lookAtAll(),
      wake,
    });
    this.#hearers = new HearersPanel(byId("stage"), {
      ask: () => this.#connection.send({ type: "who_hears" }),
      person: (userId) => this.#people.others.get(userId) ?? null,
    });
    this.#picture = new MapPicture({
      play: () => this.#play,
      people: this.#people,
      toasts: this.#toasts,
      banner: this.#banner,
      connection: this.#connection,
      walkTo: (to) => void this.#walking.to(to.x, to.y),
    });
    this.#panel = new Panel(() => this.#play?.resize());
    const modes = new Modes(byId("modes"));
    const volumes = new Volumes(localStorage);
    this.#lists = new Lists(this.#panel, this.#people, volumes, {
      walkToPerson: (userId) => {
        this.#panel.makeWay();
        this.#walking.toPerson(userId);
      },
      walkToZone: (zoneId) => {
        this.#panel.makeWay();
        this.#walking.toZone(zoneId);
      },
      follow: (userId) => {
        this.#panel.makeWay();
        this.#walking.following.toggle(userId);
      },
      write: (userId, name, avatar) => {
        this.#panel.show("chat");
        this.#chat.openDirect(userId, name, avatar);
      },
      knock: (zoneId) => this.#connection.send({ type: "knock", zone_id: zoneId }),
      mute: (userId) => this.#connection.send({ type: "mute", user_id: userId }),
      remove: (person) => openRemoval(data.server_id, person, (words) => this.#toasts.show(words)),
      invite: () => void invitePeople(data.server_id, this.#toasts),
      find: () => this.#find.open(),
      copied: (name, worked) => {
        if (worked) this.#toasts.show(t("world.link_copied", { room: name }));
      },
      said: (words) => this.#toasts.show(words),
    });
    this.#chat = worldChat(data.server_id, {
      panel: this.#panel,
      people: this.#people,
      toasts: this.#toasts,
      connection: this.#connection,
    });
    this.#chatPlaces = new ChatPlaces(this.#chat);
    this.#panel.chatOpened = () => this.#chat.read();
    this.#find = new Find(
      () => this.#lists.findable(),
      ({ id, avatar }) => {
        if (avatar === null) this.#walking.toZone(id);
        else this.#walking.toPerson(id);
        byId("map").focus();
      },
    );
    this.#walking = new Walking({
      people: this.#people,
      modes,
      toasts: this.#toasts,
      play: () => this.#play,
      ready: () => this.#entering,
      changed: (userId) => this.#lists.setFollowed(userId),
    });
    this.#controls = new MediaControls(this.#media);
    this.#controls.addTo(byId("floating"));
    const expressions = new Expressions({
      emote: (index) => this.#emote(index),
      status: (status) => this.#self.setStatus(status),
      sit: () => void this.#self.sitOrGetUp(performance.now()),
    });
    this.#self = new Self({
      people: this.#people,
      media: this.#media,
      modes,
      toasts: this.#toasts,
      play: () => this.#play,
      walkTo: (x, y) => this.#walking.to(x, y),
      send: (message) => this.#connection.send(message),
      shown: (showing) => {
        expressions.showing(showing);
        this.#lists.changed();
      },
    });
    const booth = new Booth(this.#media, () => this.#people.me?.user_id ?? null);
    fillToolbar(this.#controls, expressions, {
      hearing: (on) => this.#play?.showHearing(on),
      tiles: (mode) => this.#overlay.tiles.setMode(mode),
      hearers: () => this.#hearers.toggle(),
      devices: () => openDevices(this.#media, () => booth.open()),
      zoom: (by) => this.#play?.zoomBy(by),
    });
    this.#voices = new Voices({
      media: this.#media,
      people: this.#people,
      tiles: this.#overlay.tiles,
      modes,
      volumes,
      lists: this.#lists,
      controls: this.#controls,
      toasts: this.#toasts,
      play: () => this.#play,
    });
    this.#figures = new Figures(this.#media, this.#people, this.#connection);
    byId("bar-more").append(new QualitySign(this.#media, () => void this.#figures.toggle()).element);
    if (new URLSearchParams(location.search).has("stats")) void this.#figures.toggle();
    this.#hands = new Hands({
      media: this.#media,
      controls: this.#controls,
      walking: this.#walking,
      find: this.#find,
      self: this.#self,
      play: () => this.#play,
      emote: (index) => this.#emote(index),
      chat: () => {
        this.#panel.show("chat");
        this.#chat.focus();
      },
    });
    this.#doors = new Doors(this.#toasts, {
      letIn: (userId) => this.#connection.send({ type: "let_in", user_id: userId }),
      showRooms: () => this.#panel.show("rooms"),
      walkIn: (zoneId) => this.#walking.toZone(zoneId),
    });
    this.#own = new OwnMedia({
      media: this.#media,
      asLeft: new AsLeft(sessionStorage, data.server_id, loadedAnew()),
      talking: () => this.#hands.talking,
    });
  }

  /** Loads the engine and connects; somebody new checks their devices and chooses a look meanwhile. */
  async start(): Promise<void> {
    const gettingReady = firstSteps(this.#placeName);
    try {
      this.#play = await Play.create(byId("map"), this.#people, {
        report: (x, y, direction) =>
          this.#connection.send({ type: "player_move", x, y, direction, seq: this.#seq++ }),
        drawn: (now, dt) => this.#drawn(now, dt),
        lost: (again) => this.#picture.lost(again),
        failed: (error) => this.#picture.failed(error),
      });
    } catch (error) {
      this.#banner.fail(error instanceof Error ? error.message : t("world.cannot_draw"));
      return;
    }
    new ResizeObserver(() => this.#play?.resize()).observe(byId("map"));
    const checked = await gettingReady;
    if (checked) await this.#own.use(checked);
    this.#connection.start();
  }

  get seam(): Seam {
    return makeSeam({
      people: this.#people,
      connection: this.#connection,
      media: this.#media,
      voices: this.#voices,
      play: () => this.#play,
      following: () => this.#walking.following.userId,
      slots: () => this.#slots,
      walkTo: (x, y) => this.#walking.to(x, y),
    });
  }

  // --- what the world says ---------------------------------------------------------------------

  #heard(message: ServerMessage): void {
    this.#people.handle(message, performance.now());
    this.#media.handle(message);
    this.#chat.handle(message);
    this.#figures.handle(message);
    switch (message.type) {
      case "hearers":
        this.#hearers.show(message);
        break;
      case "welcome":
        this.#enter(message);
        break;
      case "moved_back":
        this.#play?.correct(message.x, message.y);
        break;
      case "slots":
        this.#slots = message;
        break;
      case "knocked":
        this.#doors.knocked(message);
        break;
      case "door_opened":
        this.#doors.opened(message);
        break;
      case "muted":
        this.#toasts.show(t("world.muted_by", { name: message.name }), "bad");
        break;
      case "chat":
        if (message.scope === "nearby") this.#bubbles.line(message.user_id, message.text);
        break;
      case "emote":
        this.#bubbles.emote(message.user_id, message.emote);
        break;
      case "error":
        this.#doors.refused(message);
        break;
    }
  }

  /** The map first; one walks on it while the browser still asks whether the microphone may be used. */
  #enter(welcome: Welcome): void {
    const map = (this.#play?.enter(welcome) ?? Promise.resolve()).then(() => this.#picture.show());
    this.#entering = map.catch((error: unknown) => this.#picture.failed(error));
    void map.then(() => this.#startMedia(welcome), () => undefined);
  }

  async #startMedia(welcome: Welcome): Promise<void> {
    document.body.classList.add("entered");
    this.#overlay.tiles.clearRemote();
    this.#voices.lookAtAll();
    const began = await this.#own.start(welcome);
    if (began !== "again" && tourIsDue()) void tour(byId("stage"));
    if (began === "as_left" && this.#media.local.mic) this.#toasts.show(t("world.mic_as_left"));
  }

  #connectionChanged(state: ConnectionState): void {
    this.#banner.show(state);
    document.body.dataset["connection"] = state.name;
    if (state.name !== "ended") return;
    // Somebody who is not here must not be heard or seen from here.
    this.#own.stop();
    this.#overlay.tiles.clearRemote();
  }

  #changed(change: Change): void {
    switch (change.what) {
      case "all":
        if (!this.#people.others.has(this.#walking.following.userId ?? "")) this.#walking.following.stop();
        this.#play?.sync();
        this.#self.told();
        break;
      case "joined": {
        const other = this.#people.others.get(change.userId);
        if (other) {
          this.#play?.add(other);
          this.#announcer.came(other.name);
        }
        this.#voices.lookAt(change.userId);
        break;
      }
      case "left":
        if (change.userId === this.#walking.following.userId) this.#walking.following.lost(change.name);
        this.#announcer.went(change.name);
        this.#play?.remove(change.userId);
        this.#overlay.tiles.removePerson(change.userId);
        break;
      case "media":
        this.#voices.lookAt(change.userId);
        break;
      case "showing":
        if (change.userId === this.#people.me?.user_id) this.#self.told();
        break;
      case "look": {
        const person = change.userId === this.#people.me?.user_id ? this.#people.me : this.#people.others.get(change.userId);
        if (person) this.#play?.add(person);
        break;
      }
    }
    if (change.what === "zones") this.#picture.show();
    if (change.what === "zones" || change.what === "my_zone" || change.what === "all") {
      this.#play?.zonesChanged();
      this.#place.show(this.#people);
      this.#chatPlaces.show(this.#people);
    }
    // Steps come with every tick: the lists look at them in their own time (`moved`).
    if (change.what !== "moved") this.#lists.changed();
    this.#play?.wake();
  }

  // --- what the person does --------------------------------------------------------------------

  #emote(index: number): void {
    const emote: Emote | undefined = EMOTES[index]?.emote;
    if (!emote || !this.#people.me) return;
    this.#connection.send({ type: "emote", emote });
    this.#bubbles.emote(this.#people.me.user_id, emote);
  }

  // --- frames ----------------------------------------------------------------------------------

  #drawn(now: number, dt: number): boolean {
    const play = this.#play;
    if (!play) return false;
    this.#lists.moved(now, play.walker);
    const soon = this.#walking.following.update(play, now);
    const busy = this.#overlay.update(play, this.#people, now, dt, this.#voices);
    this.#bubbles.update((id) => this.#overlay.headOf(play, this.#people, id, now));
    return this.#picture.draw(play, this.#voices, now) || busy || soon;
  }
}

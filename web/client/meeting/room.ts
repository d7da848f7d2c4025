/**
 * In the room: the connection, the media, the tiles and the bar of controls put together.
 */
import { Chat } from "../chat/chat.ts";
import { History } from "../chat/history.ts";
import { t } from "../i18n/words.ts";
import { OwnVoice } from "../media/own_voice.ts";
import { createMedia, type Media } from "../media/session.ts";
import { Volumes } from "../media/volumes.ts";
import { Connection, type ConnectionState } from "../net/connection.ts";
import type { IceServer, ServerMessage } from "../net/messages.ts";
import { copyText, readyDialog } from "../pages/dialogs.ts";
import { toast } from "../pages/toast.ts";
import { byId, h } from "../shared/dom.ts";
import { icon } from "../shared/icons.ts";
import { refusalOf } from "../shared/refusals.ts";
import { keeps } from "../shared/roles.ts";
import { sentence, zoneTitle } from "../shared/words.ts";
import { DevicePickers } from "./device_pickers.ts";
import { EffectSwitches } from "./effect_switches.ts";
import type { Entrance } from "./prejoin.ts";
import { RoomState } from "./room_state.ts";
import { Stage } from "./stage.ts";
import { Toggle } from "./toggle.ts";

export interface Seat {
  readonly ticket: string;
  readonly server_id: string;
  readonly zone_id: string;
  readonly user_id: string;
}

const KNOCK_MS = 30_000;
const LEVEL_MS = 100;

export class Room {
  readonly #state = new RoomState();
  readonly #connection: Connection;
  readonly #media: Media;
  readonly #entrance: Entrance;
  readonly #seat: Seat;
  readonly #stage: Stage;
  readonly #chat: Chat;
  readonly #chatToggle: Toggle;
  readonly #view: Toggle;
  readonly #mic: Toggle;
  readonly #camera: Toggle;
  readonly #screen: Toggle;
  readonly #sound: Toggle;
  readonly #voice = new OwnVoice();
  readonly #status = byId("status");
  #speaking: ReadonlySet<string> = new Set();
  #mediaState = "idle";
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(seat: Seat, entrance: Entrance) {
    this.#seat = seat;
    this.#entrance = entrance;
    this.#stage = new Stage(byId("stage"), (userId) => this.#connection.send({ type: "pin", user_id: userId }));
    this.#connection = new Connection({
      serverId: seat.server_id,
      ticket: seat.ticket,
      message: (message) => this.#heard(message),
      state: (state) => this.#showConnection(state),
    });
    this.#media = createMedia(this.#connection);
    const media = this.#media;
    this.#mic = new Toggle({
      name: t("media.mic"),
      on: "mic",
      off: "mic_off",
      key: "m",
      press: (on) => void media.setMic(on),
    });
    this.#camera = new Toggle({
      name: t("media.camera"),
      on: "camera",
      off: "camera_off",
      key: "v",
      press: (on) => void media.setCamera(on),
    });
    this.#screen = new Toggle({
      name: t("media.share"),
      on: "screen",
      off: "screen",
      press: (on) => void media.setScreen(on),
    });
    this.#sound = new Toggle({
      name: t("meeting.sound"),
      on: "headphones",
      off: "headphones_off",
      key: "n",
      press: (on) => media.setDeafened(!on),
    });
    this.#sound.on = true;
    this.#chatToggle = new Toggle({ name: t("chat.title"), on: "chat", off: "chat", key: "c", press: (on) => this.#showChat(on) });
    this.#view = new Toggle({ name: t("meeting.speaker_view"), on: "tiles", off: "tiles", press: (on) => this.#setView(on) });
    this.#chat = this.#makeChat();
    const volumes = new Volumes(localStorage);
    media.setVolume((userId) => volumes.of(userId));
    this.#wireMedia();
    this.#buildBars();
  }

  get you(): RoomState["you"] {
    return this.#state.you;
  }

  get state(): RoomState {
    return this.#state;
  }

  get media(): Media {
    return this.#media;
  }

  get mediaState(): string {
    return this.#mediaState;
  }

  enter(): void {
    this.#connection.start();
    void this.#media.setDevices(this.#entrance.devices);
    this.#timer = setInterval(() => this.#showLevel(), LEVEL_MS);
    addEventListener("keydown", (event) => this.#key(event));
    addEventListener("pagehide", () => this.#media.stop());
  }

  // --- what the world and media say ----------------------------------------------------------

  #heard(message: ServerMessage): void {
    if (this.#state.take(message)) this.#showPeople();
    if (message.type === "welcome" || message.type === "zones_changed") this.#placeChat();
    this.#chat.handle(message);
    if (message.type === "welcome") {
      const { mic, camera } = this.#entrance;
      void this.#media.start(message.ice_servers.map(browserIceServer), { mic, camera }, message.you.session);
      this.#showEnterWorld();
    } else if (message.type === "knocked") {
      const letIn = { label: t("world.let_in"), run: () => void this.#connection.send({ type: "let_in", user_id: message.user_id }) };
      toast(t("world.knocks", { name: message.name }), KNOCK_MS, letIn);
    } else if (message.type === "muted") {
      toast(t("world.muted_by", { name: message.name }));
    } else if (message.type === "error" && message.ref === undefined) {
      toast(refusalOf(message));
    }
    this.#media.handle(message);
  }

  #wireMedia(): void {
    this.#media.setGain((userId) => this.#state.gainOf(userId));
    this.#media.on("video", (userId, source, stream) => this.#stage.video(userId, source, stream));
    this.#media.on("speaking", (userIds) => {
      this.#speaking = userIds;
      this.#showSpeaking();
    });
    this.#media.on("connection", (state) => {
      this.#mediaState = state;
      this.#showStatus();
    });
    this.#media.on("problem", (_code, message) => toast(message));
    this.#media.on("local", ({ mic, camera, screen, deafened, cameraStream, screenStream }) => {
      this.#mic.on = mic;
      this.#camera.on = camera;
      this.#screen.on = screen;
      this.#sound.on = !deafened;
      this.#showStatus();
      this.#stage.video(this.#seat.user_id, "camera", cameraStream);
      this.#stage.video(this.#seat.user_id, "screen", screenStream);
      this.#showPeople();
    });
  }

  // --- what is shown -------------------------------------------------------------------------

  #buildBars(): void {
    const settings = byId("settings", HTMLDialogElement);
    readyDialog(settings);
    const pickers = new DevicePickers((chosen) => void this.#media.setDevices(chosen));
    byId("settings-devices").append(pickers.element, new EffectSwitches(this.#media, ["noise", "blur"]).element);
    const button = (words: string, name: Parameters<typeof icon>[0], onclick: () => void): HTMLButtonElement =>
      h("button", { type: "button", class: "toggle plain-toggle", "aria-label": words, title: words, onclick }, icon(name));
    byId("controls").append(
      this.#mic.element,
      this.#camera.element,
      ...("getDisplayMedia" in (navigator.mediaDevices ?? {}) ? [this.#screen.element] : []),
      this.#sound.element,
      this.#view.element,
      this.#chatToggle.element,
      button(t("meeting.devices"), "settings", () => {
        void pickers.refresh();
        settings.showModal();
      }),
      h(
        "button",
        { type: "button", class: "toggle leave", onclick: () => this.#leave() },
        icon("leave"),
        h("span", { class: "leave-words" }, t("common.leave")),
      ),
    );
    for (const copy of document.querySelectorAll("[data-copy-link]")) {
      copy.prepend(icon("link"));
      copy.addEventListener("click", () => void copyLink());
    }
    byId("people-count").before(icon("people"));
    byId("enter-world").prepend(icon("walk"));
  }

  #showPeople(): void {
    const { you, others } = this.#state;
    if (!you) return;
    this.#stage.people(you, others, !this.#media.local.mic);
    const count = others.length + 1;
    const words = byId("people-count");
    words.replaceChildren(String(count), h("span", { class: "more-words" }, ` ${t("meeting.people", { count })}`));
    byId("first-here").hidden = count > 1;
    this.#showSpeaking();
  }

  #showLevel(): void {
    const level = this.#media.local.mic ? this.#media.local.level : 0;
    this.#mic.level = level;
    this.#showSpeaking();
  }

  #showSpeaking(): void {
    const { mic, level } = this.#media.local;
    const mine = this.#voice.speaks(mic ? level : null, performance.now());
    // Nobody who is muted speaks, whatever was said a moment ago.
    const speak = this.#state.others.filter(({ user_id, media }) => media.mic && this.#speaking.has(user_id));
    const ids = speak.map(({ user_id }) => user_id);
    this.#stage.speaking(new Set(mine ? [...ids, this.#seat.user_id] : ids));
  }

  #showEnterWorld(): void {
    const link = byId("enter-world", HTMLAnchorElement);
    link.hidden = this.#state.you?.presence !== "walker";
    link.href = `/s/${this.#seat.server_id}`;
  }

  #showConnection(state: ConnectionState): void {
    if (state.name === "ended" && state.code !== "left") this.#showEnd(state.message);
    else this.#showStatus();
  }

  #showStatus(): void {
    const { name } = this.#connection.state;
    if (name === "waiting" || (name === "connecting" && this.#state.welcome)) {
      this.#status.textContent = t("meeting.connection_lost");
    } else if (name === "connecting" || this.#mediaState === "connecting") {
      this.#status.textContent = t("meeting.connecting");
    } else if (this.#mediaState === "failed") {
      this.#status.textContent = t("meeting.media_lost");
    } else if (this.#media.local.deafened) {
      this.#status.textContent = t("meeting.deafened");
    } else {
      this.#status.textContent = "";
    }
  }

  #showEnd(words: string): void {
    this.#close();
    byId("room").hidden = true;
    byId("ended").hidden = false;
    byId("ended-words").textContent = sentence(words);
    byId("ended-title").focus();
  }

  // --- chat and view ------------------------------------------------------------------------------

  #makeChat(): Chat {
    const guest = this.#seat.user_id.startsWith("guest-");
    const side = byId("chat-side");
    const chat = new Chat({
      place: byId("chat"),
      history: new History(this.#seat.server_id, guest ? this.#seat.ticket : null),
      me: () => {
        const { you } = this.#state;
        if (!you) return null;
        return { user_id: you.user_id, member: you.presence === "walker", moderates: keeps(you.role) };
      },
      avatarOf: (userId) => this.#state.avatarOf(userId),
      zoneName: () => null,
      shown: () => !side.hidden,
      unread: (count) => {
        this.#chatToggle.element.dataset["unread"] = count > 0 ? String(Math.min(count, 99)) : "";
        const title = t("chat.title");
        this.#chatToggle.element.setAttribute("aria-label", count > 0 ? t("chat.channel_unread", { title, count }) : title);
      },
      problem: (words) => void toast(words),
      send: (message) => {
        const sent = this.#connection.send(message);
        if (!sent) toast(t("chat.not_sent"));
        return sent;
      },
    });
    byId("chat-close").addEventListener("click", () => {
      this.#showChat(false);
      this.#chatToggle.element.focus();
    });
    return chat;
  }

  /** The room's chat is the chat here. */
  #placeChat(): void {
    const zone = this.#state.myZone;
    if (!zone) return;
    const title = zoneTitle(zone.name);
    this.#chat.setPlaces([{ scope: "zone", to: zone.id, title, placeholder: t("chat.to_room", { room: title }) }]);
  }

  #showChat(on: boolean): void {
    byId("chat-side").hidden = !on;
    this.#chatToggle.on = on;
    if (!on) return;
    this.#chat.read();
    this.#chat.focus();
  }

  #setView(speaker: boolean): void {
    this.#view.on = speaker;
    this.#stage.setView(speaker ? "speaker" : "grid");
  }

  // --- leaving and keys ----------------------------------------------------------------------

  #leave(): void {
    this.#connection.stop();
    this.#showEnd(t("meeting.left"));
  }

  #close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#media.stop();
  }

  #key(event: KeyboardEvent): void {
    const target = event.target as Element;
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (target.closest("input, select, textarea, dialog")) return;
    if (event.key === "m" || event.key === "M") void this.#media.setMic(!this.#media.local.mic);
    if (event.key === "v" || event.key === "V") void this.#media.setCamera(!this.#media.local.camera);
    if (event.key === "c" || event.key === "C") this.#showChat(!this.#chatToggle.on);
    if (event.key === "n" || event.key === "N") this.#media.setDeafened(!this.#media.local.deafened);
  }
}

function browserIceServer({ urls, username, credential }: IceServer): RTCIceServer {
  return { urls, ...(username ? { username } : {}), ...(credential ? { credential } : {}) };
}

async function copyLink(): Promise<void> {
  const link = location.href;
  if (await copyText(link)) toast(t("meeting.link_copied"));
  else toast(link, 0);
}

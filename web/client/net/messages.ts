// Written by `make types` from signaling/messages.py. Do not edit.

export type Direction = "up" | "down" | "left" | "right";

export type Source = "mic" | "camera" | "screen" | "screen_audio";

export type Kind = "audio" | "video";

export type Role = "owner" | "admin" | "moderator" | "member" | "guest";

export type ZoneType = "PUBLIC" | "PRIVATE" | "SILENT";

export type Presence = "walker" | "guest" | "device";

export type Emote = "wave" | "heart" | "laugh" | "clap" | "thumbs_up" | "question";

export interface Bounds {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface ZoneInfo {
  id: string;
  name: string;
  type: ZoneType;
  bounds: Bounds;
  meeting_id: string | null;
  locked: boolean;
  capacity: number | null;
}

export interface MediaFlags {
  mic: boolean;
  camera: boolean;
  screen: boolean;
}

export interface Showing {
  status: "available" | "away" | "busy";
  seated: boolean;
}

export interface PlayerInfo {
  user_id: string;
  name: string;
  avatar: string;
  presence: Presence;
  x: number;
  y: number;
  direction: Direction;
  zone_id: string | null;
  media: MediaFlags;
  showing: Showing;
}

export interface You {
  user_id: string;
  name: string;
  avatar: string;
  presence: Presence;
  role: Role;
  x: number;
  y: number;
  direction: Direction;
  zone_id: string | null;
  media: MediaFlags;
  session: string;
  showing: Showing;
}

export interface ServerInfo {
  id: string;
  name: string;
}

export interface MapInfo {
  name: string;
  url: string;
  width: number;
  height: number;
  tile: number;
  foot_half_width: number;
  foot_half_height: number;
}

export interface Hearing {
  full: number;
  radius: number;
  keep: number;
  prewarm: number;
}

export interface IceServer {
  urls: string[];
  username?: string | null;
  credential?: string | null;
}

export type Moved = [user_id: string, x: number, y: number, direction: Direction];

export interface IceCredentials {
  ufrag: string;
  password: string;
}

export interface SlotInfo {
  slot: number;
  user_id: string;
  source: Source;
  gain: number;
}

export interface PausedVideo {
  user_id: string;
  source: Source;
}

export interface SentLayer {
  slot: number;
  rid: string;
}

export interface ChatFileInfo {
  id: string;
  name: string;
  type: string;
  size: number;
}

export interface Welcome {
  type: "welcome";
  you: You;
  server: ServerInfo;
  map: MapInfo;
  zones: ZoneInfo[];
  players: PlayerInfo[];
  ice_servers: IceServer[];
  resume: string;
  hearing: Hearing;
  speed: number;
  tick_ms: number;
}

export interface Resume {
  type: "resume";
  resume: string;
}

export interface Players {
  type: "players";
  joined?: PlayerInfo[];
  moved?: Moved[];
  left?: string[];
}

export interface ZoneChanged {
  type: "zone_changed";
  user_id: string;
  zone_id: string | null;
}

export interface MediaChanged {
  type: "media_changed";
  user_id: string;
  media: MediaFlags;
}

export interface SubscribeOffer {
  type: "media_offer";
  sdp: string;
}

export interface PublishAnswer {
  type: "media_answer";
  sdp: string;
}

export interface MediaRestarted {
  type: "media_restarted";
  publish: IceCredentials;
  subscribe: IceCredentials | null;
}

export interface Slots {
  type: "slots";
  epoch: number;
  audio: SlotInfo[];
  video: SlotInfo[];
}

export interface MediaMoving {
  type: "media_moving";
}

export interface MediaMoved {
  type: "media_moved";
}

export interface Degraded {
  type: "degraded";
  level: "far_audio" | "far_video" | "near_video" | "none";
}

export interface VideoPaused {
  type: "video_paused";
  paused: PausedVideo[];
}

export interface LayersWanted {
  type: "layers_wanted";
  source: Source;
  rids: string[];
  codec: string;
}

export interface Speaking {
  type: "speaking";
  user_ids: string[];
}

export interface Hearers {
  type: "hearers";
  mic: string[];
  camera: string[];
  screen: string[];
  screen_audio: string[];
  complete: boolean;
}

export interface Figures {
  type: "figures";
  estimate: number | null;
  given: number;
  wanted: number;
  layers: SentLayer[];
  redundant: boolean;
}

export interface ChatMessage {
  type: "chat";
  user_id: string;
  name: string;
  text: string;
  scope: "direct" | "nearby" | "server" | "zone";
  at: number;
  id?: string;
  to?: string | null;
  file?: ChatFileInfo | null;
}

export interface ChatReacted {
  type: "chat_reacted";
  id: string;
  user_id: string;
  reaction: Emote;
  on: boolean;
  count: number;
}

export interface ChatDeleted {
  type: "chat_deleted";
  id: string;
}

export interface Emoted {
  type: "emote";
  user_id: string;
  emote: Emote;
}

export interface Shown {
  type: "shown";
  user_id: string;
  showing: Showing;
}

export interface LookChanged {
  type: "look_changed";
  user_id: string;
  name: string;
  avatar: string;
}

export interface Knocked {
  type: "knocked";
  user_id: string;
  name: string;
}

export interface DoorOpened {
  type: "door_opened";
  zone_id: string;
  name: string;
}

export interface Muted {
  type: "muted";
  name: string;
}

export interface MovedBack {
  type: "moved_back";
  x: number;
  y: number;
  seq: number;
}

export interface ZonesChanged {
  type: "zones_changed";
  zones: ZoneInfo[];
}

export interface Pong {
  type: "pong";
  at: number;
}

export interface Error {
  type: "error";
  code: string;
  message: string;
  ref?: string | number;
}

export interface Closing {
  type: "closing";
  code: string;
  message: string;
  retry_ms: number | null;
}

export interface Join {
  type: "join";
  ticket?: string | null;
  resume?: string | null;
}

export interface PlayerMove {
  type: "player_move";
  x: number;
  y: number;
  direction: Direction;
  seq: number;
}

export interface ZoneEntered {
  type: "zone_entered";
  zone_id: string;
}

export interface ZoneExited {
  type: "zone_exited";
  zone_id: string;
}

export interface MediaOffer {
  type: "media_offer";
  sdp: string;
  sources: Record<string, Source>;
}

export interface MediaAnswer {
  type: "media_answer";
  sdp: string;
}

export interface MediaRestart {
  type: "media_restart";
}

export interface MediaState {
  type: "media_state";
  mic: boolean;
  camera: boolean;
  screen?: boolean;
  watch?: boolean;
  booth?: boolean;
}

export interface WhoHears {
  type: "who_hears";
}

export interface AskFigures {
  type: "figures";
}

export interface Pin {
  type: "pin";
  user_id?: string | null;
}

export interface Chat {
  type: "chat";
  text: string;
  scope?: "direct" | "nearby" | "server" | "zone";
  to?: string | null;
  file?: string | null;
}

export interface ChatReact {
  type: "chat_react";
  id: string;
  reaction: Emote;
  on?: boolean;
}

export interface ChatDelete {
  type: "chat_delete";
  id: string;
}

export interface SendEmote {
  type: "emote";
  emote: Emote;
}

export interface Show {
  type: "show";
  status: "available" | "away" | "busy";
  seated?: boolean;
}

export interface Knock {
  type: "knock";
  zone_id: string;
}

export interface LetIn {
  type: "let_in";
  user_id: string;
}

export interface Mute {
  type: "mute";
  user_id: string;
}

export interface Ping {
  type: "ping";
  at: number;
}

export type ClientMessage =
  | Join
  | PlayerMove
  | ZoneEntered
  | ZoneExited
  | MediaOffer
  | MediaAnswer
  | MediaRestart
  | MediaState
  | WhoHears
  | AskFigures
  | Pin
  | Chat
  | ChatReact
  | ChatDelete
  | SendEmote
  | Show
  | Knock
  | LetIn
  | Mute
  | Ping;

export type ServerMessage =
  | Welcome
  | Resume
  | Players
  | ZoneChanged
  | MediaChanged
  | SubscribeOffer
  | PublishAnswer
  | MediaRestarted
  | Slots
  | MediaMoving
  | MediaMoved
  | Degraded
  | VideoPaused
  | LayersWanted
  | Speaking
  | Hearers
  | Figures
  | ChatMessage
  | ChatReacted
  | ChatDeleted
  | Emoted
  | Shown
  | LookChanged
  | Knocked
  | DoorOpened
  | Muted
  | MovedBack
  | ZonesChanged
  | Pong
  | Error
  | Closing;

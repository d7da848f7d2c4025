"""What clients say, given to whoever it concerns, within the bounds of how often it may be said."""

from __future__ import annotations

from collections.abc import Callable

from signaling.messages import (
    AskFigures,
    Chat,
    ChatDelete,
    ChatReact,
    ClientMessage,
    Error,
    Join,
    Knock,
    LetIn,
    MediaAnswer,
    MediaOffer,
    MediaRestart,
    MediaState,
    Mute,
    Pin,
    Ping,
    PlayerMove,
    Pong,
    SendEmote,
    Show,
    WhoHears,
    ZoneEntered,
    ZoneExited,
    tag_of,
)
from world.chat.chat import ChatDesk
from world.clients.client import Client
from world.media.negotiation import Media
from world.media.questions import QuestionDesk
from world.metrics import WorldMetrics
from world.running import keeping, showing, talk
from world.running.live import LiveSpace
from world.running.seating import Seating


class Desk:
    """The clients of one node's own spaces."""

    def __init__(
        self,
        seats: Seating,
        media: Media,
        chat: ChatDesk,
        questions: QuestionDesk,
        metrics: WorldMetrics,
        now: Callable[[], float],
    ) -> None:
        self._seats = seats
        self._media = media
        self._chat = chat
        self._questions = questions
        self._metrics = metrics
        self._now = now

    def handle(self, live: LiveSpace, client: Client, message: ClientMessage) -> None:
        """One message of a client."""
        now = self._now()
        if type(message) is PlayerMove:
            # Moves have a bound of their own; only those beyond it count as too much.
            talk.move(live, client, message, now)
            return
        if not client.total.take(now):
            self.fail(client, Error("rate_limited", "you send too much"))
            return
        match message:
            case ZoneEntered() | ZoneExited():
                talk.zone_hint(live, client, message)
            case MediaState():
                if talk.media_state(live, client, message):
                    self._seats.renew_soon(live, client)
            case MediaOffer() | MediaAnswer() | MediaRestart():
                if client.offers.take(now):
                    self._media.negotiate(client, live, message)
                else:
                    self.fail(client, Error("rate_limited", "you offer media too often", tag_of(message)))
            case WhoHears() | AskFigures():
                self._questions.ask(live, client, message)
            case Pin():
                talk.pin(live, client, message)
            case Chat() | ChatReact() | ChatDelete():
                self._chat.take(live, client, message, now)
            case SendEmote():
                talk.emote(live, client, message, now)
            case Show():
                if showing.show(live, client, message, now):
                    self._seats.renew_soon(live, client)
            case Knock():
                keeping.knock(live, client, message, now)
            case LetIn():
                keeping.let_in(live, client, message, now)
            case Mute():
                muted = keeping.mute(live, client, message, now)
                if muted is not None:
                    self._seats.renew_soon(live, muted)
            case Ping():
                client.send(Pong(message.at))
            case Join():
                self.fail(client, Error("joined_already", "you have joined already", "join"))

    def fail(self, client: Client, error: Error) -> None:
        """Tell a client what was wrong; one that goes on like that is let go."""
        talk.fail(self._metrics, client, error, self._now())

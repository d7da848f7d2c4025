"""The ICE-lite side of every peer on one UDP port (RFC 8445 §2.5): answers checks, never sends its own.

Bytes and `now` (seconds) in, a reply and an event out; knows no socket and no peer but its number. A
client is recognised by the ufrag that we gave it, before any HMAC is computed. A reply goes only to
somebody who named a ufrag of ours, and an error reply is never longer than what it answers, so that
nobody can be flooded through us.

A valid check with USE-CANDIDATE nominates its source address; a later one from elsewhere moves it
there (NAT rebinding, a change of network). Checks are also the client's consent (RFC 7675): when none
came from the nominated address for CONSENT_SECONDS, the peer has failed.

A restart (RFC 8445 §9) gives a peer other credentials while media goes on. Both are answered, so that no way
which still works is given up too soon; from the first nomination by the new ones on only they nominate.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple

from sfu.forward.contract import Address
from sfu.transport import stun
from signaling.ratelimit import TokenBucket

CONSENT_SECONDS = 30.0  # RFC 7675 §5.1
MAX_ADDRESSES = 8  # a peer; mediasoup's bound
# TCP is for those whom UDP does not reach: nobody is answered over it before datagrams had this long to
# come (s), nor while they come. A browser that is answered over both may change to TCP whenever nothing came
# over UDP for two seconds. It checks the path that it has chosen every 2.5 s.
STREAM_WAIT_SECONDS = 0.6
DATAGRAMS_SECONDS = 6.0
# An address that another peer checked so recently is that peer's: a forged source cannot take it.
HELD_SECONDS = 10.0
# Error replies of the whole port a second: they are the only answer to somebody without the password.
ERRORS_PER_SECOND = 100.0

# Attributes that must be understood to answer a check (below 0x8000), beyond those that we use.
_UNDERSTOOD = frozenset(
    {
        stun.USERNAME,
        stun.MESSAGE_INTEGRITY,
        stun.PRIORITY,
        stun.USE_CANDIDATE,
        stun.XOR_MAPPED_ADDRESS,
        0x001C,  # MESSAGE-INTEGRITY-SHA256
        0x001D,  # PASSWORD-ALGORITHM
        0x001E,  # USERHASH
    }
)


@dataclass(slots=True)
class _Agent:
    """One peer: its credentials and where it was heard."""

    peer: int
    # By ufrag: those that nominated last, and behind them those of a restart that has not.
    passwords: dict[str, bytes]
    current: str
    since: float
    addresses: OrderedDict[Address, float] = field(default_factory=OrderedDict)
    nominated: Address | None = None
    streamed: bool = False  # `nominated` is the end of a TCP connection
    consent: float | None = None

    def needs_stream(self, now: float) -> bool:
        """Whether TCP is all that it seems to have."""
        if self.nominated is None:
            return now - self.since >= STREAM_WAIT_SECONDS
        return self.streamed or now - (self.consent or 0.0) > DATAGRAMS_SECONDS


@dataclass(frozen=True, slots=True)
class Nominated:
    """`peer` is to be reached at `address` from now on, and not at `previous` any more.

    `displaced` is a peer that had this address and was not heard of for HELD_SECONDS, or 0.
    """

    peer: int
    address: Address
    previous: Address | None = None
    displaced: int = 0


class Outcome(NamedTuple):
    """What to do about one datagram: send `reply` back to where it came from, act on `event`."""

    reply: bytes | None = None
    event: Nominated | None = None


_NOTHING = Outcome()


class IceResponder:
    """Every ICE agent of one port. `dropped` counts what was not answered with success, by its reason."""

    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()
        self._agents: dict[str, _Agent] = {}
        self._peers: dict[int, _Agent] = {}
        self._holders: dict[Address, _Agent] = {}
        self._errors = TokenBucket(ERRORS_PER_SECOND, ERRORS_PER_SECOND)

    def add(self, peer: int, ufrag: str, password: str, now: float) -> None:
        """Expect checks for `peer`. Raises ValueError when the ufrag or the peer is taken."""
        if ufrag in self._agents or peer in self._peers:
            raise ValueError("this ufrag or peer is in use")
        agent = _Agent(peer, {ufrag: password.encode()}, ufrag, now)
        self._agents[ufrag] = self._peers[peer] = agent

    def restart(self, peer: int, ufrag: str, password: str) -> None:
        """Other credentials for the peer, beside those in use; third ones are forgotten.

        Raises ValueError when the ufrag is taken, or the peer unknown.
        """
        agent = self._peers.get(peer)
        if agent is None or ufrag in self._agents:
            raise ValueError("this ufrag is in use, or the peer is not known")
        for old in agent.passwords.keys() - {agent.current}:
            del agent.passwords[old], self._agents[old]
        agent.passwords[ufrag] = password.encode()
        self._agents[ufrag] = agent

    def remove(self, peer: int) -> None:
        """Forget the peer; its checks are strangers' from now on."""
        agent = self._peers.pop(peer, None)
        if agent is not None:
            for ufrag in agent.passwords:
                del self._agents[ufrag]
            self._release(agent)

    def nominated(self, peer: int) -> Address | None:
        """Where the peer is, or None."""
        agent = self._peers.get(peer)
        return agent.nominated if agent is not None else None

    def addresses(self, peer: int) -> tuple[Address, ...]:
        """Where the peer was heard, oldest first: at most MAX_ADDRESSES."""
        agent = self._peers.get(peer)
        return tuple(agent.addresses) if agent is not None else ()

    def expired(self, now: float) -> list[int]:
        """Peers that were connected and have not checked their path for CONSENT_SECONDS."""
        return [
            agent.peer
            for agent in self._peers.values()
            if agent.consent is not None and now - agent.consent > CONSENT_SECONDS
        ]

    def receive(self, data: bytes, address: Address, now: float, stream: bool = False) -> Outcome:
        """Take one datagram that looks like STUN (first byte 0 to 3). Never raises.

        `stream`: it came over TCP, and `address` stands for that connection.
        """
        message = stun.parse(data)
        if message is None:
            return self._drop("stun_malformed")
        if message.type != stun.BINDING_REQUEST:
            # Indications are keep-alives; responses answer nothing, for we ask nothing.
            return self._drop("stun_not_a_request")
        ufrag = _local_ufrag(message.attributes.get(stun.USERNAME))
        agent = self._agents.get(ufrag)
        if agent is None:
            return self._drop("stun_unknown_ufrag")
        password = agent.passwords[ufrag]
        if not message.fingerprinted:
            return self._drop("stun_no_fingerprint")
        if not message.integrity_at:
            return self._refuse(message, 400, "stun_no_integrity", now)
        if not message.authentic(password):
            return self._refuse(message, 401, "stun_bad_integrity", now)
        unknown = [name for name in message.attributes if name < 0x8000 and name not in _UNDERSTOOD]
        if unknown:
            listed = b"".join(name.to_bytes(2, "big") for name in unknown)
            return self._refuse(
                message, 420, "stun_unknown_attribute", now, password, [(stun.UNKNOWN_ATTRIBUTES, listed)]
            )
        if stun.ICE_CONTROLLED in message.attributes:
            # We never control (lite): whoever believes itself controlled has to switch (RFC 8445 §7.3.1.1).
            return self._refuse(message, 487, "stun_role_conflict", now, password)
        holder = self._holders.get(address)
        if holder is not None and holder is not agent and now - (holder.consent or 0.0) < HELD_SECONDS:
            return self._drop("stun_address_taken")
        if stream and not agent.needs_stream(now):
            return self._drop("stun_stream_not_needed")
        nominates = stun.USE_CANDIDATE in message.attributes and self._newest(agent, ufrag)
        event = self._heard(nominates, agent, address, now)
        if event is not None:
            agent.streamed = stream
        return Outcome(_success(message, address, password), event)

    def _newest(self, agent: _Agent, ufrag: str) -> bool:
        """Whether these credentials nominate; those of a restart do so from now on."""
        if ufrag == agent.current:
            return True
        if ufrag != next(reversed(agent.passwords)):
            return False
        agent.current = ufrag
        return True

    def _heard(self, nominates: bool, agent: _Agent, address: Address, now: float) -> Nominated | None:
        agent.addresses[address] = now
        agent.addresses.move_to_end(address)
        event = None
        if nominates and agent.nominated != address:
            event = self._nominate(agent, address)
        if agent.nominated == address:
            agent.consent = now
        while len(agent.addresses) > MAX_ADDRESSES:
            oldest = next(known for known in agent.addresses if known != agent.nominated)
            del agent.addresses[oldest]
        return event

    def _nominate(self, agent: _Agent, address: Address) -> Nominated:
        before = self._holders.get(address)
        if before is not None:
            self._release(before)
        previous = agent.nominated
        self._release(agent)
        agent.nominated = address
        self._holders[address] = agent
        return Nominated(agent.peer, address, previous, before.peer if before is not None else 0)

    def _release(self, agent: _Agent) -> None:
        if agent.nominated is not None:
            del self._holders[agent.nominated]
            agent.nominated = None

    def _drop(self, reason: str) -> Outcome:
        self.dropped[reason] += 1
        return _NOTHING

    def _refuse(
        self,
        message: stun.StunMessage,
        code: int,
        reason: str,
        now: float,
        password: bytes | None = None,
        more: list[tuple[int, bytes]] | None = None,
    ) -> Outcome:
        """An error reply: signed for who has shown the password, never longer than the request."""
        self.dropped[reason] += 1
        attributes = [(stun.ERROR_CODE, stun.error_code(code)), *(more or [])]
        reply = stun.build(stun.BINDING_ERROR, message.transaction, attributes, password)
        if len(reply) > len(message.data) or not self._errors.take(now):
            return _NOTHING
        return Outcome(reply)


def _local_ufrag(username: bytes | None) -> str:
    """Our part of a USERNAME (RFC 8445 §7.2.2); empty, which nobody has, where there is none."""
    if username is None or len(username) > 513:  # RFC 8489 §14.3
        return ""
    local, colon, _ = username.partition(b":")
    return local.decode("ascii", "replace") if colon else ""


def _success(message: stun.StunMessage, address: Address, password: bytes) -> bytes:
    mapped = (stun.XOR_MAPPED_ADDRESS, stun.xor_mapped_address(address, message.transaction))
    return stun.build(stun.BINDING_SUCCESS, message.transaction, [mapped], password)

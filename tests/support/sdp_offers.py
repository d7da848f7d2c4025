"""Offers and answers as different stacks write them, made here by hand: one function a dialect.

They are ours, shaped after what each stack is known to do (order of attributes, session level
fingerprints, bundle-only m-lines, simulcast without SSRCs), with made-up credentials.
"""

from __future__ import annotations

FINGERPRINT = ":".join(f"{number:02X}" for number in range(32))
UFRAG, PASSWORD = "cUfR", "cPwd0123456789abcdef0123"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
SDES = "urn:ietf:params:rtp-hdrext:sdes:"


def _text(*lines: str) -> str:
    return "\r\n".join(lines) + "\r\n"


def _transport(setup: str = "actpass", fingerprint: bool = True) -> list[str]:
    lines = [f"a=ice-ufrag:{UFRAG}", f"a=ice-pwd:{PASSWORD}", "a=ice-options:trickle"]
    if fingerprint:
        lines.append(f"a=fingerprint:sha-256 {FINGERPRINT}")
    return [*lines, f"a=setup:{setup}"]


_CHROMIUM_VIDEO = [
    (96, "VP8", "", 97),
    (102, "H264", "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f", 0),
    (103, "H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640c1f", 104),
    (106, "H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f", 107),
    (98, "VP9", "profile-id=2", 99),
    (100, "VP9", "profile-id=0", 101),
    (45, "AV1", "level-idx=5;profile=0;tier=0", 46),
]


def _chromium_codecs(feedback: bool = True) -> list[str]:
    lines = []
    for number, name, fmtp, rtx in _CHROMIUM_VIDEO:
        lines.append(f"a=rtpmap:{number} {name}/90000")
        if feedback:
            lines += [
                f"a=rtcp-fb:{number} {value}"
                for value in ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")
            ]
        if fmtp:
            lines.append(f"a=fmtp:{number} {fmtp}")
        if rtx:
            lines += [f"a=rtpmap:{rtx} rtx/90000", f"a=fmtp:{rtx} apt={number}"]
    return [*lines, "a=rtpmap:108 red/90000", "a=rtpmap:109 ulpfec/90000"]


_CHROMIUM_TYPES = "96 97 102 103 104 106 107 98 99 100 101 45 46 108 109"


def chromium(simulcast: bool = False, data: bool = False, bundle_only: bool = False) -> str:
    """A mic and a camera from Chromium; `simulcast` with three RIDs and no SSRC, `data` with a channel."""
    mids = "0 1 2" if data else "0 1"
    lines = [
        "v=0",
        "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {mids}",
        "a=extmap-allow-mixed",
        "a=msid-semantic: WMS 5e0d",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126",
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        *_transport(),
        "a=mid:0",
        f"a=extmap:1 {AUDIO_LEVEL}",
        "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
        "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        f"a=extmap:4 {SDES}mid",
        "a=sendonly",
        "a=msid:5e0d 7f3c",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        "a=rtpmap:111 opus/48000/2",
        "a=rtcp-fb:111 transport-cc",
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=rtpmap:63 red/48000/2",
        "a=fmtp:63 111/111",
        "a=rtpmap:9 G722/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:126 telephone-event/8000",
        "a=ssrc:1001 cname:JrPxb",
        "a=ssrc:1001 msid:5e0d 7f3c",
        f"m=video {0 if bundle_only else 9} UDP/TLS/RTP/SAVPF {_CHROMIUM_TYPES}",
        "c=IN IP4 0.0.0.0",
        *(["a=bundle-only"] if bundle_only else []),
        *_transport(),
        "a=mid:1",
        "a=extmap:14 urn:ietf:params:rtp-hdrext:toffset",
        "a=extmap:13 urn:3gpp:video-orientation",
        "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        f"a=extmap:4 {SDES}mid",
        f"a=extmap:10 {SDES}rtp-stream-id",
        f"a=extmap:11 {SDES}repaired-rtp-stream-id",
        "a=sendonly",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        *_chromium_codecs(),
    ]
    if simulcast:
        lines += ["a=rid:q send", "a=rid:h send", "a=rid:f send", "a=simulcast:send q;h;f"]
    else:
        lines += ["a=ssrc-group:FID 2001 2002", "a=ssrc:2001 cname:JrPxb", "a=ssrc:2002 cname:JrPxb"]
    if data:
        lines += [
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
            "c=IN IP4 0.0.0.0",
            *_transport(),
            "a=mid:2",
            "a=sctp-port:5000",
            "a=max-message-size:262144",
        ]
    return _text(*lines)


def firefox() -> str:
    """A mic and a camera from Firefox: fingerprint and options at session level, SSRCs, bundle-only."""
    return _text(
        "v=0",
        "o=mozilla...THIS_IS_SDPARTA-99.0 5935 0 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=sendrecv",
        f"a=fingerprint:sha-256 {FINGERPRINT}",
        "a=group:BUNDLE 0 1",
        "a=ice-options:trickle",
        "a=msid-semantic:WMS *",
        "m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101",
        "c=IN IP4 0.0.0.0",
        "a=sendonly",
        "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level",
        f"a=extmap:3 {SDES}mid",
        "a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1",
        "a=fmtp:101 0-15",
        f"a=ice-pwd:{PASSWORD}",
        f"a=ice-ufrag:{UFRAG}",
        "a=mid:0",
        "a=msid:{6d5a} {3b1c}",
        "a=rtcp-mux",
        "a=rtpmap:109 opus/48000/2",
        "a=rtpmap:9 G722/8000/1",
        "a=rtpmap:101 telephone-event/8000/1",
        "a=setup:actpass",
        "a=ssrc:3001 cname:{a1b2}",
        "m=video 0 UDP/TLS/RTP/SAVPF 120 124 121 125 126 127",
        "c=IN IP4 0.0.0.0",
        "a=bundle-only",
        "a=sendonly",
        f"a=extmap:3 {SDES}mid",
        "a=extmap:7 urn:3gpp:video-orientation",
        "a=fmtp:126 profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1",
        "a=fmtp:120 max-fs=12288;max-fr=60",
        "a=fmtp:124 apt=120",
        "a=fmtp:125 apt=121",
        "a=fmtp:127 apt=126",
        f"a=ice-pwd:{PASSWORD}",
        f"a=ice-ufrag:{UFRAG}",
        "a=mid:1",
        "a=rtcp-fb:120 nack",
        "a=rtcp-fb:120 nack pli",
        "a=rtcp-fb:120 ccm fir",
        "a=rtcp-fb:120 goog-remb",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        "a=rtpmap:120 VP8/90000",
        "a=rtpmap:124 rtx/90000",
        "a=rtpmap:121 VP9/90000",
        "a=rtpmap:125 rtx/90000",
        "a=rtpmap:126 H264/90000",
        "a=rtpmap:127 rtx/90000",
        "a=setup:actpass",
        "a=ssrc:3002 cname:{a1b2}",
        "a=ssrc:3003 cname:{a1b2}",
        "a=ssrc-group:FID 3002 3003",
    )


def obs() -> str:
    """OBS over WHIP: transport at session level, H.264 only, its own port numbers, LF line ends."""
    return _text(
        "v=0",
        "o=rtc 3767197920 0 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        "a=group:LS 0 1",
        "a=msid-semantic:WMS *",
        "a=setup:actpass",
        f"a=ice-ufrag:{UFRAG}",
        f"a=ice-pwd:{PASSWORD}",
        "a=ice-options:trickle",
        f"a=fingerprint:sha-256 {FINGERPRINT}",
        "m=audio 54609 UDP/TLS/RTP/SAVPF 111",
        "c=IN IP4 192.0.2.10",
        "a=mid:0",
        "a=sendonly",
        "a=ssrc:4001 cname:pIbk",
        "a=ssrc:4001 msid:feed feed-audio",
        "a=msid:feed feed-audio",
        "a=rtcp-mux",
        "a=rtpmap:111 opus/48000/2",
        "a=fmtp:111 minptime=10;maxaveragebitrate=96000;stereo=1;sprop-stereo=1;useinbandfec=1",
        "a=candidate:1 1 UDP 2122317823 192.0.2.10 54609 typ host",
        "a=end-of-candidates",
        "m=video 54609 UDP/TLS/RTP/SAVPF 96",
        "c=IN IP4 192.0.2.10",
        "a=mid:1",
        "a=sendonly",
        "a=ssrc:4002 cname:pIbk",
        "a=rtcp-mux",
        "a=rtpmap:96 H264/90000",
        "a=rtcp-fb:96 nack",
        "a=rtcp-fb:96 nack pli",
        "a=rtcp-fb:96 goog-remb",
        "a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1",
    ).replace("\r\n", "\n")


def gstreamer() -> str:
    """GStreamer's whipclientsink: named MIDs, no RTX, a profile of its own, rtcp-mux-only."""
    return _text(
        "v=0",
        "o=- 1234567890123456789 0 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=ice-options:trickle",
        "a=group:BUNDLE video0 audio1",
        "m=video 9 UDP/TLS/RTP/SAVPF 96",
        "c=IN IP4 0.0.0.0",
        "a=setup:actpass",
        f"a=ice-ufrag:{UFRAG}",
        f"a=ice-pwd:{PASSWORD}",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        "a=sendonly",
        "a=rtpmap:96 H264/90000",
        "a=rtcp-fb:96 nack pli",
        "a=framerate:30",
        "a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0LAFdoFB+Q=,aM4G8g==;profile-level-id=42c015",
        "a=ssrc:5001 msid:user1 webrtctransceiver0",
        "a=ssrc:5001 cname:user1",
        "a=mid:video0",
        f"a=fingerprint:sha-256 {FINGERPRINT}",
        "a=rtcp-mux-only",
        "m=audio 0 UDP/TLS/RTP/SAVPF 97",
        "c=IN IP4 0.0.0.0",
        "a=setup:actpass",
        f"a=ice-ufrag:{UFRAG}",
        f"a=ice-pwd:{PASSWORD}",
        "a=bundle-only",
        "a=rtcp-mux",
        "a=sendonly",
        "a=rtpmap:97 OPUS/48000/2",
        "a=fmtp:97 sprop-stereo=0;sprop-maxcapturerate=48000",
        "a=ssrc:5002 cname:user1",
        "a=mid:audio1",
        f"a=fingerprint:sha-256 {FINGERPRINT}",
    )


def load_generator(direction: str = "sendonly", pairs: int = 1) -> str:
    """A client without codecs: one audio and one video m-line for each pair, no RTX, no extensions."""
    mids = [str(number) for number in range(2 * pairs)]
    lines = ["v=0", "o=- 77 2 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {' '.join(mids)}"]
    for mid in mids:
        audio = int(mid) % 2 == 0
        number = 111 if audio else 96
        lines += [
            f"m={'audio' if audio else 'video'} 9 UDP/TLS/RTP/SAVPF {number}",
            "c=IN IP4 127.0.0.1",
            *_transport(),
            f"a=mid:{mid}",
            f"a={direction}",
            "a=rtcp-mux",
            f"a=rtpmap:{number} {'opus/48000/2' if audio else 'VP8/90000'}",
        ]
        if not audio:
            lines += [f"a=rtcp-fb:{number} {value}" for value in ("nack", "nack pli", "ccm fir")]
        if direction == "sendonly":
            lines.append(f"a=ssrc:{6001 + int(mid)} cname:pub0")
        lines += ["a=candidate:1 1 udp 2130706431 127.0.0.1 5000 typ host", "a=end-of-candidates"]
    return _text(*lines)


def answer_to(
    offer: str, takes: tuple[str, ...] = ("opus", "VP8", "rtx"), reject: tuple[str, ...] = ()
) -> str:
    """What a browser answers to our slots: the codecs that it `takes`, m-lines in `reject` with port 0."""
    head, *sections = offer.replace("\r\n", "\n").split("\nm=")
    bundle = next(line for line in head.split("\n") if line.startswith("a=group:BUNDLE "))
    mids = [mid for mid in bundle.split()[1:] if mid not in reject]
    lines = ["v=0", "o=- 9 2 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {' '.join(mids)}"]
    for section in sections:
        first, *rest = section.split("\n")
        kind, _, protocol, *_ = first.split()
        mid = next(line[6:] for line in rest if line.startswith("a=mid:"))
        names = {
            line[9:].split()[0]: line[9:].split()[1].partition("/")[0]
            for line in rest
            if line.startswith("a=rtpmap:")
        }
        kept = [number for number, name in names.items() if name in takes]
        if mid in reject or not kept:
            lines += [
                f"m={kind} 0 {protocol} {next(iter(names))}",
                "c=IN IP4 0.0.0.0",
                f"a=mid:{mid}",
                "a=inactive",
            ]
            continue
        lines += [f"m={kind} 9 {protocol} {' '.join(kept)}", "c=IN IP4 0.0.0.0", *_transport("active")]
        lines += [f"a=mid:{mid}", "a=recvonly", "a=rtcp-mux"]
        wanted = tuple(
            f"{prefix}:{number} " for number in kept for prefix in ("a=rtpmap", "a=fmtp", "a=rtcp-fb")
        )
        lines += [line for line in rest if line.startswith((*wanted, "a=extmap:"))]
    return _text(*lines)

"""Loads a server of this machine and prints one line of JSON: `python -m tests.bench.loadgen`.

    whip  --whip http://127.0.0.1:8080/whip/ZONE --whep http://127.0.0.1:8080/whep/ZONE --ticket TICKET
    janus --url http://127.0.0.1:8088/janus --address 127.0.0.2

`server.us_per_packet` is user and system time of the processes named by `--pid` (with their children) in the
measured window over the RTP packets that listeners got in it. On one machine the kernel does the receiver's
half of the UDP path in the sender's context, so that every server pays for it. Only addresses of the loopback
range are sent to.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import resource

from tests.bench.loadgen.janus import Janus
from tests.bench.loadgen.load import Load, Window
from tests.bench.loadgen.signalling import Signalling
from tests.bench.loadgen.whip import Whip
from web.load import streams
from web.load.link import PROFILES

MAX_PUBLISHERS, MAX_LISTENERS, MAX_SECONDS = 50, 2000, 900.0


def main() -> None:
    options = _options()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    shapes = []
    if options.audio_rate:
        shapes.append(streams.audio(options.audio_rate, options.audio_bytes))
    if options.frame_rate:
        shapes.append(streams.video(options.frame_rate, options.frame_packets, options.video_bytes))
    load = Load(options.address, options.srtp, options.poll_ms / 1000)
    signalling: Signalling
    if options.server == "janus":
        signalling = Janus(options.url, load.pump)
    else:
        signalling = Whip(options.whip, options.whep, options.ticket.split(","))
    try:
        load.publish(signalling, options.publishers, shapes)
        load.listen(signalling, options.listeners, spare=shapes * options.spare)
        load.play()
        load.pump(options.warmup)
        window = load.measure(options.seconds, options.pid)
    finally:
        signalling.close()
        load.close()
    wanted = options.publishers * len(shapes) * options.listeners
    print(json.dumps(_figures(window, wanted)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("server", choices=("whip", "janus"))
    parser.add_argument("--whip")
    parser.add_argument("--whep")
    parser.add_argument("--ticket", default="", help="of several people: with commas between")
    parser.add_argument("--url", help="of Janus' HTTP API")
    parser.add_argument("--address", default="127.0.0.1", help="which the clients' sockets are bound to")
    parser.add_argument("--publishers", type=int, default=1)
    parser.add_argument("--listeners", type=int, default=50)
    parser.add_argument("--spare", type=int, default=0, help="publishers who may come later, from elsewhere")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--warmup", type=float, default=3.0)
    parser.add_argument("--srtp", choices=sorted(PROFILES), default="gcm")
    parser.add_argument("--pid", type=int, action="append", default=[])
    parser.add_argument("--audio-rate", type=float, default=50, help="packets a second, 0: none")
    parser.add_argument("--audio-bytes", type=int, default=80)
    parser.add_argument("--frame-rate", type=float, default=30, help="0: no video")
    parser.add_argument("--frame-packets", type=int, default=4)
    parser.add_argument("--video-bytes", type=int, default=1100)
    parser.add_argument("--poll-ms", type=float, default=1.0, help="between two looks at the sockets")
    options = parser.parse_args()
    if not ipaddress.ip_address(options.address).is_loopback:
        parser.error("--address has to be of the loopback range")
    if not 0 < options.publishers <= MAX_PUBLISHERS or not 0 < options.listeners <= MAX_LISTENERS:
        parser.error(f"at most {MAX_PUBLISHERS} publishers and {MAX_LISTENERS} listeners")
    if not 0 < options.seconds <= MAX_SECONDS:
        parser.error(f"at most {MAX_SECONDS:.0f} s")
    if (options.server == "janus") != bool(options.url) or bool(options.whip) != bool(options.whep):
        parser.error("janus needs --url; whip needs --whip and --whep")
    return parser.parse_args()


def _figures(window: Window, streams: int) -> dict[str, object]:
    packets = max(1, window.packets)
    return {
        "seconds": round(window.seconds, 2),
        "packets": window.packets,
        "packets_per_second": round(window.packets / window.seconds),
        "streams": window.streams,
        "streams_expected": streams,
        "lost": round(max(0.0, 1 - window.arrived / window.expected), 6) if window.expected else None,
        "delivered": round(window.arrived / window.published, 6) if window.published else None,
        "latency_ms": {
            name: round(window.latency(part) * 1000, 3)
            for name, part in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
        },
        "samples": len(window.latencies),
        "server": {
            "cpu_seconds": round(window.server_cpu, 4),
            "cores": round(window.server_cpu / window.seconds, 4),
            "us_per_packet": round(window.server_cpu / packets * 1e6, 3),
            "megabytes": round(window.server_bytes / 1e6, 1),
        },
        "generator": {
            "cores": round(window.generator_cpu / window.seconds, 3),
            "late_ms": round(window.lateness * 1000, 2),
            "unkept": window.unkept,
            "send_errors": window.send_errors,
        },
        "other_cores": round(window.others_cpu / window.seconds, 2),
    }


if __name__ == "__main__":
    main()

"""What deploys the product fits the product: every setting, command, port and path that it names is ours.

No container engine and no cluster is needed: the files are read, and held against settings, commands and
each other.
"""

from __future__ import annotations

import ipaddress
import itertools
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from web.commands import COMMANDS
from web.settings import BY_ENV, SETTINGS, load

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("image") == "atriumverse"}
OBJECTS: list[dict[str, Any]] = [
    each
    for file in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    if file.name != "kustomization.yaml"
    for each in yaml.safe_load_all(file.read_text())
]
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
DOCKERFILE = (ROOT / "Dockerfile").read_text()
TURN = (DEPLOY / "turnserver.conf").read_text().splitlines()
ROUTES = {"/healthz", "/readyz", "/metrics"}
SECRET = "s" * 40


def fitting(environment: dict[str, str], **given: str) -> None:
    """Every variable is a setting, and its value one that the setting takes. Variables of the shell are
    filled in with values like real ones."""
    real = {
        "ATRIUM_SECRET": SECRET,
        "ATRIUM_TURN_SECRET": SECRET,
        "ATRIUM_METRICS_TOKEN": SECRET,
        "POSTGRES_PASSWORD": "pw",
        "PUBLIC_IP": "203.0.113.5",
        "DOMAIN": "meet.example.org",
        **given,
    }
    filled = {
        name: re.sub(r"\$\{(\w+)(?::\?[^}]*)?\}", lambda match: real[match[1]], value)
        for name, value in environment.items()
    }
    assert set(filled) <= set(BY_ENV), set(filled) - set(BY_ENV)
    load({}, filled)


# --- docker-compose.yml ----------------------------------------------------------------------------


def test_the_compose_file_starts_two_worlds_two_workers_and_what_they_stand_on() -> None:
    assert set(OURS) == {"world-1", "world-2", "worker-1", "worker-2"}
    assert set(SERVICES) - set(OURS) == {"caddy", "redis", "postgres", "coturn"}
    for name, service in OURS.items():
        assert service["command"] == [name.partition("-")[0]]
        assert service["command"][0] in COMMANDS


@pytest.mark.parametrize("name", OURS)
def test_every_variable_of_a_service_is_a_setting_with_a_value_that_fits(name: str) -> None:
    fitting(OURS[name]["environment"])
    assert {"REDIS_URL", "ATRIUM_SECRET"} <= set(OURS[name]["environment"])


def test_every_variable_that_compose_wants_is_in_the_example() -> None:
    wanted = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    example = {
        line.split("=")[0] for line in (DEPLOY / "example.env").read_text().splitlines() if "=" in line
    }
    assert wanted == {name for name in example if not name.startswith("#")}


def test_each_worker_has_a_name_a_port_and_a_pipe_address_of_its_own_and_publishes_that_port() -> None:
    workers = [service for name, service in OURS.items() if name.startswith("worker")]
    for variable in ("ATRIUM_WORKER_NAME", "ATRIUM_MEDIA_PORT", "ATRIUM_PIPE_ADDRESS"):
        assert len({worker["environment"][variable] for worker in workers}) == len(workers)
    for worker in workers:
        port = worker["environment"]["ATRIUM_MEDIA_PORT"]
        assert worker["ports"] == [f"{port}:{port}/udp", f"{port}:{port}/tcp"]
        (address,) = [net["ipv4_address"] for net in worker["networks"].values() if net]
        assert worker["environment"]["ATRIUM_PIPE_ADDRESS"] == address
        subnet = COMPOSE["networks"]["media"]["ipam"]["config"][0]["subnet"]
        assert ipaddress.ip_address(address) in ipaddress.ip_network(subnet)


def test_worlds_believe_the_proxys_network_only_and_share_their_files() -> None:
    subnet = COMPOSE["networks"]["front"]["ipam"]["config"][0]["subnet"]
    for name in ("world-1", "world-2"):
        assert OURS[name]["environment"]["ATRIUM_TRUSTED_PROXIES"] == subnet
        assert OURS[name]["volumes"] == ["data:/var/lib/atrium"]
        assert "ports" not in OURS[name], "browsers come through the proxy"
        assert "front" in OURS[name]["networks"]
    assert "front" in SERVICES["caddy"]["networks"]


def test_ours_run_without_privileges_and_end_after_their_drain() -> None:
    drain = float(next(setting.default for setting in SETTINGS if setting.name == "drain_seconds"))
    for service in OURS.values():
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert float(service["stop_grace_period"].rstrip("s")) > drain


def test_everything_that_compose_mounts_or_waits_for_exists() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (ROOT / source).is_file() if source.startswith(".") else source in COMPOSE["volumes"]
        for other in service.get("depends_on", {}):
            assert "healthcheck" in SERVICES[other]
        for network in service.get("networks", {}):
            assert network in {"default", *COMPOSE["networks"]}


# --- what stands in front ----------------------------------------------------------------------------


def test_caddy_passes_on_to_every_world_and_keeps_figures_inside() -> None:
    text = (DEPLOY / "Caddyfile").read_text()
    proxied = re.search(r"reverse_proxy (.+) \{", text)
    assert proxied is not None
    assert set(proxied[1].split()) == {f"{name}:8080" for name in OURS if name.startswith("world")}
    assert "health_uri /readyz" in text
    hidden = re.search(r"@inside path (.+)", text)
    assert hidden is not None
    assert set(hidden[1].split()) == ROUTES
    assert text.count("{") == text.count("}")


def test_nginx_upgrades_websockets_tells_who_asks_and_keeps_figures_inside() -> None:
    text = (DEPLOY / "nginx.conf").read_text()
    for line in (
        "proxy_set_header Upgrade $http_upgrade;",
        "proxy_set_header X-Forwarded-For $remote_addr;",
        "proxy_set_header X-Forwarded-Proto $scheme;",
        "location ~ ^/(metrics|readyz|healthz)$ { return 404; }",
    ):
        assert line in text
    size = re.search(r"client_max_body_size (\d+)m", text)
    assert size is not None
    default = next(setting.default for setting in SETTINGS if setting.name == "chat_file_mb")
    assert int(size[1]) > int(default)
    assert text.count("{") == text.count("}")


# --- Dockerfile ----------------------------------------------------------------------------------


def test_the_image_runs_a_command_of_ours_as_a_user_of_its_own_and_says_how_it_is() -> None:
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)
    last = stages[-1]
    assert re.search(r"^USER [1-9]\d+$", last, re.MULTILINE), "a number: Kubernetes cannot read names"
    command = re.search(r'^CMD \["(\w+)"\]$', last, re.MULTILINE)
    assert command is not None
    assert command[1] in COMMANDS
    assert 'ENTRYPOINT ["atrium"]' in last
    assert "/healthz" in last
    environment = dict(re.findall(r"\b((?:ATRIUM_\w+|DATABASE_URL|REDIS_URL))=(\S+)", last))
    fitting(environment)
    pages, media = environment["ATRIUM_PORT"], environment["ATRIUM_MEDIA_PORT"]
    assert f"EXPOSE {pages}/tcp {media}/udp {media}/tcp\n" in last
    assert "apt-get" not in last, "what compiles stays in the first stage"
    for source in re.findall(r"COPY (?!--from)(\S+)", DOCKERFILE):
        assert (ROOT / source).exists()


def test_nothing_that_the_image_needs_is_left_out_of_its_context() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    for needed in ("web", "world", "sfu", "signaling", "maps", "tools", "setup.py", "requirements.lock"):
        assert needed not in ignored
        assert (ROOT / needed).exists()


# --- Kubernetes ----------------------------------------------------------------------------------


def kind(name: str) -> list[dict[str, Any]]:
    return [each for each in OBJECTS if each["kind"] == name]


PODS = [each for each in OBJECTS if each["kind"] in {"Deployment", "StatefulSet"}]


def test_every_manifest_is_applied_and_every_applied_one_is_there() -> None:
    listed = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())["resources"]
    there = {file.name for file in (DEPLOY / "kubernetes").glob("*.yaml")} - {"kustomization.yaml"}
    assert set(listed) == there
    names = [(each["kind"], each["metadata"]["name"]) for each in OBJECTS]
    assert len(set(names)) == len(names)


def test_settings_of_the_cluster_are_settings_of_ours() -> None:
    (config,), (secret,) = kind("ConfigMap"), kind("Secret")
    fitting(config["data"] | secret["stringData"])
    secrets = {setting.env for setting in SETTINGS if setting.secret}
    assert set(secret["stringData"]) <= secrets
    assert not set(config["data"]) & secrets, "a secret is no ConfigMap's"


@pytest.mark.parametrize("workload", PODS, ids=lambda each: each["metadata"]["name"])
def test_a_pod_runs_our_command_unprivileged_with_probes_that_we_answer(workload: dict[str, Any]) -> None:
    spec = workload["spec"]["template"]["spec"]
    assert spec["securityContext"]["runAsNonRoot"]
    user = re.search(r"^USER (\d+)$", DOCKERFILE, re.MULTILINE)
    assert user is not None
    assert spec["securityContext"]["runAsUser"] == int(user[1])
    (container,) = spec["containers"]
    (command,) = container["args"]
    assert command in COMMANDS
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = container[probe]["httpGet"]
        assert asked["path"] == ("/readyz" if probe == "readinessProbe" else "/healthz")
        assert asked["port"] in ports
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in spec["volumes"]}
    for reference in container["envFrom"]:
        for source, each in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if source in reference:
                assert reference[source]["name"] in {known["metadata"]["name"] for known in kind(each)}
    environment = {each["name"]: each.get("value", "") for each in container.get("env", [])}
    assert set(environment) <= set(BY_ENV)
    load({}, {name: value for name, value in environment.items() if value})


def test_workers_tell_their_machines_address_and_open_the_port_that_they_use() -> None:
    (workers,) = kind("StatefulSet")
    spec = workers["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    environment = {each["name"]: each for each in container["env"]}
    source = environment["ATRIUM_MEDIA_ADDRESS"]["valueFrom"]["fieldRef"]["fieldPath"]
    assert source == "status.hostIP"
    ports = {port["name"]: port for port in container["ports"]}
    media = int(environment["ATRIUM_MEDIA_PORT"]["value"])
    for name, protocol in (("media", "UDP"), ("media-tcp", "TCP")):
        assert ports[name] == {
            "name": name,
            "containerPort": media,
            "hostPort": media,
            "protocol": protocol,
        }
    assert ports["health"]["containerPort"] == int(environment["ATRIUM_PORT"]["value"])
    assert spec["terminationGracePeriodSeconds"] > float(environment["ATRIUM_DRAIN_SECONDS"]["value"])
    assert workers["spec"]["serviceName"] in {each["metadata"]["name"] for each in kind("Service")}


def test_worlds_have_somebody_to_hand_over_to_before_they_go() -> None:
    (worlds,) = kind("Deployment")
    assert worlds["spec"]["replicas"] >= 2
    assert worlds["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    (container,) = worlds["spec"]["template"]["spec"]["containers"]
    assert "preStop" in container["lifecycle"]
    claim = next(v for v in worlds["spec"]["template"]["spec"]["volumes"] if v["name"] == "data")
    (known,) = kind("PersistentVolumeClaim")
    assert claim["persistentVolumeClaim"]["claimName"] == known["metadata"]["name"]
    assert known["spec"]["accessModes"] == ["ReadWriteMany"], "all worlds write there"


def test_selectors_find_pods_and_paths_lead_to_them() -> None:
    labels = {each["spec"]["template"]["metadata"]["labels"]["app"] for each in PODS}
    for each in itertools.chain(PODS, kind("PodDisruptionBudget")):
        assert each["spec"]["selector"]["matchLabels"]["app"] in labels
    assert {each["spec"]["selector"]["matchLabels"]["app"] for each in kind("PodDisruptionBudget")} == labels
    services = {each["metadata"]["name"]: each for each in kind("Service")}
    for service in services.values():
        assert service["spec"]["selector"]["app"] in labels
    (ingress,) = kind("Ingress")
    for rule in ingress["spec"]["rules"]:
        for path in rule["http"]["paths"]:
            backend = path["backend"]["service"]
            named = {port["name"] for port in services[backend["name"]]["spec"]["ports"]}
            assert backend["port"]["name"] in named
    (config,) = kind("ConfigMap")
    assert config["data"]["ATRIUM_PUBLIC_URL"] == f"https://{ingress['spec']['rules'][0]['host']}"


# --- systemd -------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_command_of_ours_hardened(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    (start,) = [line.split("=", 1)[1] for line in lines if line.startswith("ExecStart=")]
    program, command, *flags = start.split()
    assert program.endswith("/.venv/bin/atrium")
    assert command in COMMANDS
    known = {setting.flag for setting in SETTINGS}
    assert {flag for flag in flags if flag.startswith("--")} <= known
    for name in [line.split("=", 2)[1] for line in lines if line.startswith("Environment=")]:
        assert name in BY_ENV
    for line in (
        "User=atrium",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "CapabilityBoundingSet=",
        "SystemCallFilter=@system-service",
        "StateDirectory=atrium",
        "LimitNOFILE=65536",
        "WantedBy=multi-user.target",
    ):
        assert line in lines
    assert "%i" in start if "@" in unit.name else "%i" not in start
    (seconds,) = [float(line.split("=")[1]) for line in lines if line.startswith("TimeoutStopSec=")]
    drain = float(next(setting.default for setting in SETTINGS if setting.name == "drain_seconds"))
    assert seconds > drain or command == "world"


def test_the_units_share_an_environment_whose_names_and_values_are_ours() -> None:
    text = (DEPLOY / "systemd" / "atrium.env").read_text()
    given = dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))
    fitting(given)
    hinted = dict(re.findall(r"^#([A-Z_]+)=(.*)$", text, re.MULTILINE))
    assert set(hinted) <= set(BY_ENV)


# --- Prometheus and TURN ---------------------------------------------------------------------------


def test_prometheus_scrapes_every_process_of_the_compose_file() -> None:
    scrape = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    targets = scrape["scrape_configs"][0]["static_configs"][0]["targets"]
    assert set(targets) == {f"{name}:8080" for name in OURS}
    for file in scrape["rule_files"]:
        assert (DEPLOY / "prometheus" / file).is_file()


def test_the_relay_takes_our_credentials_on_the_port_that_browsers_are_told() -> None:
    assert "use-auth-secret" in TURN
    port = next(line.split("=")[1] for line in TURN if line.startswith("listening-port="))
    told = OURS["world-1"]["environment"]["ATRIUM_TURN_URLS"]
    (config,) = kind("ConfigMap")
    for urls in (told, config["data"]["ATRIUM_TURN_URLS"]):
        assert {re.search(r":(\d+)\?", url)[1] for url in urls.split(",")} == {port}  # type: ignore[index]


def test_the_relay_reaches_nothing_private_and_has_bounds() -> None:
    assert "no-multicast-peers" in TURN
    denied = [line.split("=")[1] for line in TURN if line.startswith("denied-peer-ip=")]
    for network in ("10.0.0.0", "127.0.0.0", "172.16.0.0", "192.168.0.0", "169.254.0.0", "::1", "fc00::"):
        assert any(re.match(rf"{re.escape(network)}(-|$)", rule) for rule in denied), network
    for bound in ("user-quota=", "total-quota=", "max-bps=", "max-allocate-lifetime="):
        assert any(line.startswith(bound) for line in TURN), bound


def test_relayed_and_direct_media_use_ports_of_their_own() -> None:
    low, high = (
        int(next(line.split("=")[1] for line in TURN if line.startswith(f"{name}=")))
        for name in ("min-port", "max-port")
    )
    media = {int(w["environment"]["ATRIUM_MEDIA_PORT"]) for n, w in OURS.items() if n.startswith("worker")}
    assert not any(low <= port <= high for port in media)

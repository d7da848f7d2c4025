# Two stages: the first builds the client and the environment, the second runs as a user of its own.
FROM python:3.12-slim AS build
WORKDIR /app
COPY . .
RUN python3 tools/install.py run && rm -rf web/client/node_modules

FROM python:3.12-slim
RUN useradd --system --create-home --home-dir /var/lib/atrium atrium
COPY --from=build /app /app
USER atrium
WORKDIR /var/lib/atrium
ENV ATRIUM_DATA=/var/lib/atrium ATRIUM_HOST=0.0.0.0
EXPOSE 8080/tcp 40000/udp
HEALTHCHECK --interval=10s --timeout=3s \
  CMD ["/app/.venv/bin/python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
ENTRYPOINT ["/app/.venv/bin/atrium"]
CMD ["serve"]

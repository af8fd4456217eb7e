# Two stages: the first builds the wheel, the last holds Python, the locked libraries and the wheel, and nothing that builds.
#   docker build -t paperwire .
#   docker run -v paperwire:/data -e PAPERWIRE_TELEGRAM_TOKEN -p 127.0.0.1:8420:8420 --stop-timeout 30 paperwire
# For PostgreSQL (compose.yaml): --build-arg LOCK=requirements-postgresql.lock

FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY bot ./bot
COPY subscriptions ./subscriptions
COPY templates ./templates
COPY locales ./locales
RUN python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir /wheels .

FROM python:3.13-slim
ARG LOCK=requirements.lock
COPY ${LOCK} /wheels/
COPY --from=build /wheels /wheels
RUN python -m pip install --quiet --disable-pip-version-check --no-cache-dir --root-user-action=ignore \
        --only-binary :all: --require-hashes -r /wheels/${LOCK} \
 && python -m pip install --quiet --disable-pip-version-check --no-cache-dir --root-user-action=ignore \
        --no-deps /wheels/paperwire-*.whl \
 && rm -r /wheels

# A number, so that an orchestrator can see that it is not root. /data holds the database; paperwire.toml is looked for there.
RUN mkdir /data && chown 10001:10001 /data
USER 10001:10001
WORKDIR /data
VOLUME /data
# Pages listen on loopback by default, which nobody outside of a container could reach; -p decides who can.
ENV HOME=/data \
    PAPERWIRE_DATABASE_URL=sqlite:////data/paperwire.db \
    PAPERWIRE_WEB_HOST=0.0.0.0 \
    PYTHONUNBUFFERED=1
EXPOSE 8420
# Live, not ready: a restart mends no source that cannot be read, and no disk that is full.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-m", "bot.run.liveness"]
CMD ["paperwire", "run"]

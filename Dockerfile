# One image for web, worker, clock and the one-shot commands; compose.yaml shows how they go together.
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
COPY requirements.txt ./
RUN pip install --requirement requirements.txt
COPY models.lock pyproject.toml ./
COPY funmagic funmagic
RUN python -m funmagic fetch-models
COPY rxconfig.py ./
COPY reflex.lock reflex.lock
COPY admin admin
COPY assets assets
# The one setting that pages name in their text.
ARG FUNMAGIC_WELCOME_CREDITS=100
RUN python -m funmagic.supervisor.frontend

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /app funmagic
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
COPY --from=build /venv /venv
COPY pyproject.toml rxconfig.py models.lock ./
COPY alembic alembic
COPY admin admin
COPY funmagic funmagic
COPY worker worker
# Whoever runs here later may write nothing beside it; pip has compiled what it installed.
RUN python -m compileall -q admin alembic funmagic worker
# With the links that Reflex made among them, and would otherwise make again at each start.
COPY --from=build /app/assets assets
COPY --from=build /app/.web/build/client .web/build/client
# Reflex notes there which pages it has loaded.
COPY --from=build --chown=funmagic /app/.web/backend .web/backend
COPY --from=build --chown=funmagic /app/.data .data
USER funmagic
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:3000/healthz', timeout=4)"]
CMD ["python", "-m", "funmagic", "web"]

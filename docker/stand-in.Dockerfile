# The stand-in for Discord alone: the package discord-stand-in with what it needs, and nothing else.
#
#   docker buildx build -f docker/stand-in.Dockerfile -t discord-stand-in .
#   docker run --rm -p 127.0.0.1:8700:8700 discord-stand-in

# The release that the project is tested with.
ARG PYTHON_3_11=python:3.11-slim-bookworm@sha256:0bee7276f83efd4a1ee05bbbf4281d95ed28e079220a9457f25a93e3f1e3c31b


FROM ${PYTHON_3_11} AS packages
COPY requirements/installer.txt docker/stand-in.lock /requirements/
RUN python -m venv /installer && /installer/bin/pip install --quiet --no-cache-dir -r /requirements/installer.txt
ENV PATH=/installer/bin:$PATH UV_LINK_MODE=copy UV_CACHE_DIR=/uv-cache UV_COMPILE_BYTECODE=1 UV_PYTHON=/usr/local/bin/python
RUN --mount=type=cache,target=/uv-cache \
    uv pip install --quiet --target /packages --no-deps --require-hashes -r /requirements/stand-in.lock && \
    rm -rf /packages/bin
COPY emulation/discord /stand-in
RUN --mount=type=cache,target=/uv-cache \
    uv pip install --quiet --target /stand-in-package --no-deps /stand-in


FROM ${PYTHON_3_11} AS stand-in
RUN useradd --uid 10001 --no-create-home --home-dir /state --shell /usr/sbin/nologin stand-in && \
    install --directory --owner stand-in --group stand-in /state
COPY --from=packages /packages /opt/packages
COPY docker/sbom.py /build/
RUN PYTHONPATH=/opt/packages python /build/sbom.py discord-stand-in >/sbom.cdx.json && rm -r /build
COPY --from=packages /stand-in-package /opt/stand-in
ENV PYTHONPATH=/opt/stand-in:/opt/packages \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER stand-in
WORKDIR /state
EXPOSE 8700
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s --retries=3 \
  CMD ["python", "-S", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8700/healthz', timeout=4)"]
# Published on another port or host, its links need --public-url.
ENTRYPOINT ["python", "-m", "discord_stand_in", "--host", "0.0.0.0", "--port", "8700"]
CMD ["--public-url", "http://127.0.0.1:8700"]

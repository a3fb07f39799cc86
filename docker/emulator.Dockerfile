# The emulated AWS: LocalStack from PyPI with our plug-in, which runs Lambda functions in processes
# and starts ECS tasks as containers beside this one.
#
#   docker buildx build -f docker/emulator.Dockerfile -t discord-diffusion/emulator .
#
# BASE=localstack takes LocalStack's own image instead (not tried: it was not to be had here).

ARG PYTHON_3_13=python:3.13-slim-trixie@sha256:9662417aace5ae7b8e2609cce472b72a8958e134ba372808abe9cc1a0c0125e6
ARG LOCALSTACK=localstack/localstack:4.14.0@sha256:3ebc37595918b8accb852f8048fef2aff047d465167edd655528065b07bc364a
ARG BASE=pypi


FROM ${PYTHON_3_13} AS installer
COPY requirements/installer.txt /requirements/
RUN python -m venv /installer && /installer/bin/pip install --quiet --no-cache-dir -r /requirements/installer.txt
ENV PATH=/installer/bin:$PATH UV_LINK_MODE=copy UV_CACHE_DIR=/uv-cache UV_COMPILE_BYTECODE=1 UV_PYTHON=/usr/local/bin/python


# What AWS's Python runtime holds, for the functions.
FROM installer AS lambda
COPY emulation/aws/pyproject.toml emulation/aws/uv.lock /project/
RUN --mount=type=cache,target=/uv-cache \
    UV_PROJECT_ENVIRONMENT=/opt/lambda uv sync --quiet --frozen --project /project --only-group lambda


FROM installer AS localstack
COPY emulation/aws/pyproject.toml emulation/aws/uv.lock /project/
RUN --mount=type=cache,target=/uv-cache \
    UV_PROJECT_ENVIRONMENT=/opt/emulator uv sync --quiet --frozen --project /project --extra runtime --no-install-project


# The plug-in alone, so that its changes pull no more than itself. The build tool comes from the index,
# at the version that pyproject.toml names.
FROM installer AS extension
COPY emulation/aws/pyproject.toml emulation/aws/README.md emulation/aws/LICENSE /extension/
COPY emulation/aws/src /extension/src
RUN --mount=type=cache,target=/uv-cache \
    uv pip install --quiet --target /opt/extension --no-deps /extension


FROM ${PYTHON_3_13} AS base-pypi
COPY --from=localstack /opt/emulator /opt/emulator


# LocalStack's own image has its environment elsewhere, and an entry point that we do not use.
FROM ${LOCALSTACK} AS base-localstack
RUN ln -s /opt/code/localstack/.venv /opt/emulator


FROM base-${BASE} AS emulator
RUN useradd --uid 10001 --no-create-home --home-dir /state --shell /usr/sbin/nologin emulator && \
    install --directory --owner emulator --group emulator /state /stack /cache
COPY --from=lambda /opt/lambda /opt/lambda
COPY docker/sbom.py /build/
RUN /opt/emulator/bin/python /build/sbom.py ecs-fleet-emulator >/sbom.cdx.json && rm -r /build
COPY --from=extension /opt/extension /opt/extension

ENV PYTHONPATH=/opt/extension \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    EMULATOR_EXTENSION=/opt/extension \
    EMULATOR_LAMBDA_PYTHON=/opt/lambda/bin/python \
    EMULATOR_STATE=/state \
    EMULATOR_PORT=4566
USER emulator
WORKDIR /state
EXPOSE 4566
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s --retries=3 \
  CMD ["/opt/emulator/bin/python", "-S", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['EMULATOR_PORT']}/_localstack/health\", timeout=4)"]
ENTRYPOINT ["/opt/emulator/bin/python", "-m", "ecs_fleet_emulator.serve"]

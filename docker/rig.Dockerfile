# The rig's own programs: Discord's stand-in and the telemetry (target `rig`), and the one-shot that
# deploys to the emulator (target `deploy`: Terraform, its provider, the Lambda package).
#
#   docker buildx build -f docker/rig.Dockerfile --target rig -t discord-diffusion/rig .
#   docker buildx build -f docker/rig.Dockerfile --target deploy -t discord-diffusion/deploy .

# The release that the project is tested with.
ARG PYTHON_3_11=python:3.11-slim-bookworm@sha256:0bee7276f83efd4a1ee05bbbf4281d95ed28e079220a9457f25a93e3f1e3c31b


# Folders for machines that reach neither HashiCorp's releases nor its registry: one that holds the
# program `terraform`, one that holds registry.terraform.io/hashicorp/aws/... Empty unless a build
# brings them: --build-context terraform-program=/folder --build-context terraform-providers=/folder
FROM scratch AS terraform-program
FROM scratch AS terraform-providers


FROM ${PYTHON_3_11} AS installer
COPY requirements/installer.txt /requirements/
RUN python -m venv /installer && /installer/bin/pip install --quiet --no-cache-dir -r /requirements/installer.txt
ENV PATH=/installer/bin:$PATH UV_LINK_MODE=copy UV_CACHE_DIR=/uv-cache UV_COMPILE_BYTECODE=1 UV_PYTHON=/usr/local/bin/python


FROM installer AS packages
COPY docker/rig.lock /requirements/
RUN --mount=type=cache,target=/uv-cache \
    uv pip install --quiet --target /packages --no-deps --require-hashes -r /requirements/rig.lock && \
    rm -rf /packages/bin


FROM ${PYTHON_3_11} AS rig
RUN useradd --uid 10001 --no-create-home --home-dir /state --shell /usr/sbin/nologin rig && \
    install --directory --owner rig --group rig /state /stack
COPY --from=packages /packages /opt/packages
COPY docker/sbom.py /build/
RUN PYTHONPATH=/opt/packages python /build/sbom.py discord-diffusion-rig >/sbom.cdx.json && rm -r /build
COPY fixtures /opt/rig/fixtures
COPY src/discord_diffusion /opt/rig/src/discord_diffusion
COPY toolchain /opt/rig/toolchain
COPY emulation /opt/rig/emulation
RUN python -m compileall -q /opt/rig
ENV PYTHONPATH=/opt/rig:/opt/rig/src:/opt/rig/emulation/aws/src:/opt/rig/emulation/discord/src:/opt/packages \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
# Fails where the extra `emulation` lacks a package that these import.
RUN python -c 'import discord_stand_in.app, emulation.rig.telemetry'
USER rig
WORKDIR /opt/rig
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m"]


FROM installer AS terraform
COPY toolchain /rig/toolchain
COPY infra/providers.tf docker/fetch_terraform.py /build/
RUN --mount=type=bind,from=terraform-program,target=/program \
    --mount=type=bind,from=terraform-providers,target=/providers \
    PYTHONPATH=/rig python /build/fetch_terraform.py /opt/terraform /program /providers /build/providers.tf


# The zip as the emulator runs it: for this image's own architecture.
FROM installer AS lambda
COPY src/discord_diffusion /rig/src/discord_diffusion
COPY infra/__init__.py /rig/infra/
COPY infra/package /rig/infra/package
RUN --mount=type=cache,target=/uv-cache \
    cd /rig && python -m infra.package --architecture host --out /build/lambda.zip


FROM rig AS deploy
USER root
COPY --from=terraform /opt/terraform/providers /opt/rig/.cache/providers
COPY --from=terraform /opt/terraform/bin /opt/rig/.cache/bin
COPY infra /opt/rig/infra
RUN python -c 'import emulation.rig.docker.deploy'
RUN TF_DATA_DIR=/opt/rig/.cache/terraform CHECKPOINT_DISABLE=1 /opt/rig/.cache/bin/terraform \
      -chdir=/opt/rig/infra init -input=false -no-color -plugin-dir=/opt/rig/.cache/providers
COPY --from=lambda /build/lambda.zip /opt/rig/build/lambda.zip
USER rig
CMD ["emulation.rig.docker.deploy"]

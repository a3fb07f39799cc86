# The worker's image, for AWS and for the local stack alike.
#
#   docker buildx build -f docker/worker.Dockerfile -t discord-diffusion/worker:cpu .
#   docker buildx build -f docker/worker.Dockerfile -t ... --build-arg TORCH=pypi --build-arg MODEL=ORG/NAME .
#
# Layers go from what rarely changes to what often does: a change of the code alone pulls the last.

# The release that the project is tested with.
ARG PYTHON_3_11=python:3.11-slim-bookworm@sha256:0bee7276f83efd4a1ee05bbbf4281d95ed28e079220a9457f25a93e3f1e3c31b


# A folder with a wheel of torch, for machines that reach none of PyTorch's indexes; empty unless a
# build brings one: --build-context wheels=/folder
FROM scratch AS wheels


FROM ${PYTHON_3_11} AS installer
COPY requirements/installer.txt /requirements/
RUN python -m venv /installer && /installer/bin/pip install --quiet --no-cache-dir -r /requirements/installer.txt
ENV PATH=/installer/bin:$PATH UV_LINK_MODE=copy UV_CACHE_DIR=/uv-cache UV_COMPILE_BYTECODE=1 UV_PYTHON=/usr/local/bin/python


# torch, in the build that TORCH names: cpu, a release of CUDA as PyTorch's indexes name it (cu130), or
# pypi, the build of the Python package index, which is CUDA's on Linux.
FROM installer AS torch
ARG TORCH=cpu
# torch.compile on a GPU takes triton (0.7 GB) and a C compiler at run time: `yes` keeps the one and
# installs the other.
ARG TORCH_COMPILE=no
# Begins of the names of more distributions to leave out, a space between them; the build fails if
# torch can't be imported then. The build of PyPI is linked against all of nvidia-nccl,
# nvidia-nvshmem and nvidia-cusparselt: none of these can go.
ARG LEAVE_OUT=""
COPY requirements/torch.txt docker/torch.lock /requirements/
COPY docker/install_torch.sh docker/trim_torch.py /build/
RUN --mount=type=bind,from=wheels,target=/wheels --mount=type=cache,target=/uv-cache \
    /build/install_torch.sh /packages "${TORCH}" /wheels /requirements/torch.txt /requirements/torch.lock && \
    python /build/trim_torch.py /packages /cuda $([ "${TORCH_COMPILE}" = yes ] || echo triton) ${LEAVE_OUT}


FROM installer AS packages
# `yes` adds torchao, which keeps weights in 8 bits where a model fits in no other way. diffusers imports it
# at every start, so an image without such a model is better without it.
ARG QUANTIZATION=no
COPY docker/worker.lock docker/quantization.lock /requirements/
RUN --mount=type=cache,target=/uv-cache \
    uv pip install --quiet --target /packages --no-deps --require-hashes -r /requirements/worker.lock \
      $([ "${QUANTIZATION}" != yes ] || echo -r /requirements/quantization.lock) && \
    rm -rf /packages/bin


# The model: a folder below fixtures/, or the hub's id of one; nothing where MODEL is empty: then the
# worker fetches what its environment names at its first start, into /cache. A model that is not for
# everybody takes a token of the hub, which stays in no layer: --secret id=hf_token,env=HF_TOKEN
FROM packages AS model
ARG MODEL=fixtures/model/tiny
ARG MODEL_REVISION=""
ARG MODEL_VARIANT=""
ARG MODEL_VAE=""
ARG MODEL_LORA=""
COPY docker/fetch_model.py /build/
RUN --mount=type=bind,source=fixtures,target=/context/fixtures \
    --mount=type=bind,from=torch,source=/packages,target=/torch \
    --mount=type=bind,from=torch,source=/cuda/,target=/cuda \
    --mount=type=secret,id=hf_token \
    HF_TOKEN_PATH=/run/secrets/hf_token PYTHONPATH=/packages:/torch:/cuda PYTHONDONTWRITEBYTECODE=1 \
    python /build/fetch_model.py /model "${MODEL}" "${MODEL_REVISION}" "${MODEL_VARIANT}" "${MODEL_VAE}" "${MODEL_LORA}"


FROM ${PYTHON_3_11} AS worker
ARG MODEL=fixtures/model/tiny
ARG TORCH_COMPILE=no
RUN if [ "${TORCH_COMPILE}" = yes ]; then \
      apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev >/dev/null && \
      rm -rf /var/lib/apt/lists/*; \
    fi && \
    useradd --uid 10001 --no-create-home --home-dir /cache --shell /usr/sbin/nologin worker && \
    install --directory --owner worker --group worker /cache
# CUDA's libraries first, and apart from torch: layers are pulled side by side.
COPY --from=torch /cuda /opt/torch
COPY --from=torch /packages /opt/torch
COPY --from=packages /packages /opt/packages
COPY --from=model /model /model
COPY docker/sbom.py /build/
RUN PYTHONPATH=/opt/packages:/opt/torch python /build/sbom.py discord-diffusion-worker >/sbom.cdx.json && rm -r /build
COPY src/discord_diffusion /opt/worker/discord_diffusion
# Byte code cannot be kept at run time: the root file system may be read-only.
RUN python -m compileall -q /opt/worker

ENV PYTHONPATH=/opt/worker:/opt/packages:/opt/torch \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OMP_WAIT_POLICY=passive \
    MODEL=${MODEL:+/model} \
    HF_HOME=/cache/huggingface \
    HEALTH_FILE=/tmp/worker.health \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER worker
WORKDIR /cache
VOLUME /cache
STOPSIGNAL SIGTERM
# The worker rewrites its file as it gets on; the longest it may go without is one batch.
HEALTHCHECK --interval=10s --timeout=5s --start-period=300s --start-interval=1s --retries=3 \
  CMD ["python", "-S", "-c", "import os, sys, time; sys.exit(time.time() - os.stat(os.environ['HEALTH_FILE']).st_mtime > 600)"]
ENTRYPOINT ["python", "-m", "discord_diffusion.worker"]

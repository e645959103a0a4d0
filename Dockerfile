# The daemon, installed alone. Mount the application's folder, the one with wantd.toml, at /app:
#
#     docker run --rm --volume "$PWD:/app" --user "$(id -u)" --security-opt no-new-privileges wantd
#
# No --init is needed: as process 1 `wantd serve` passes signals on and reaps what jobs leave behind.
# Jobs run inside the container and end with it; a job that needs more than Python is built FROM this image.

FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN python -m venv /build && /build/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt \
    && python -m venv /opt/wantd && /opt/wantd/bin/pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
COPY . .
RUN /build/bin/python -m hatchling build -t wheel \
    && /opt/wantd/bin/pip install --no-cache-dir --no-deps dist/wantd-*.whl

FROM python:3.11-slim
COPY --from=build /opt/wantd /opt/wantd
RUN useradd --uid 10001 --user-group --no-create-home wantd && install -d -o wantd -g wantd /app /app/.wantd
ENV PATH=/opt/wantd/bin:$PATH PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /app
# The log, the store and the records of running jobs: what must outlive the container.
VOLUME /app/.wantd
# Healthy while there is no problem that somebody has to mend: among them a daemon that is not ready.
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s CMD ["wantd", "doctor"]
ENTRYPOINT ["wantd"]
CMD ["serve"]

# The sandbox, and the receiver that compose.yaml runs beside it: one static program each, on nothing, as nobody.
#
#   docker build -t didit-sandbox .
#   docker run --rm -p 127.0.0.1:8123:8123 -p 127.0.0.1:8124:8124 didit-sandbox
#
# Then open http://localhost:8124/. Publish the ports on 127.0.0.1 only, as here: the page shows keys and asks for none.
FROM golang:1.26 AS build
WORKDIR /src
# One module is built, so the workspace and what its other modules need stay out of it.
ENV GOWORK=off CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false -ldflags=-s"
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN go build -o /out/sandbox ./examples/sandbox && go build -o /out/receiver ./examples/sandbox/receiver

FROM scratch AS receiver
COPY --from=build /out/receiver /receiver
USER 65532:65532
ENTRYPOINT ["/receiver"]

FROM scratch AS sandbox
COPY --from=build /out/sandbox /sandbox
USER 65532:65532
EXPOSE 8123 8124
ENTRYPOINT ["/sandbox", "-public", "-addr", "0.0.0.0:8123", "-control", "0.0.0.0:8124"]
CMD ["-url", "http://localhost:8123"]

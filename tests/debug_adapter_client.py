"""A client of the Debug Adapter Protocol, as editors are: attaches, sets a breakpoint, goes on.

https://microsoft.github.io/debug-adapter-protocol/specification
"""

import json
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class DebugClient:
    """A connection to debugpy on a port of loopback. Each wait ends after `seconds`."""

    def __init__(self, port: int, mappings: list[dict[str, str]], seconds: float = 60) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self._stream = self._socket.makefile("rb")
        self._mappings = mappings
        self._sequence = 0
        self._events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()
        self._socket.close()

    def attach(self, file: Path, line: int) -> None:
        """Attach, with a breakpoint at a line of a file of the editor's."""
        self.request("initialize", adapterID="debugpy", pathFormat="path", linesStartAt1=True)
        attach = self._send("attach", pathMappings=self._mappings, justMyCode=True)
        self.wait_for("initialized")
        found = self.request(
            "setBreakpoints", source={"path": str(file)}, breakpoints=[{"line": line}]
        )
        assert len(found["breakpoints"]) == 1, found
        self.request("configurationDone")
        self._response(attach)

    def stopped_at(self) -> tuple[str, int, int]:
        """Wait for a breakpoint: the file and the line where it is, and the thread."""
        thread = int(self.wait_for("stopped")["threadId"])
        frame = self.request("stackTrace", threadId=thread, levels=1)["stackFrames"][0]
        return str(frame["source"]["path"]), int(frame["line"]), thread

    def evaluate(self, thread: int, expression: str) -> str:
        """What an expression is where a thread has stopped."""
        frame = self.request("stackTrace", threadId=thread, levels=1)["stackFrames"][0]
        return str(self.request("evaluate", expression=expression, frameId=frame["id"])["result"])

    def go_on(self, thread: int) -> None:
        """Let the program run."""
        self.request("continue", threadId=thread)

    def request(self, command: str, **arguments: object) -> dict[str, Any]:
        """Send a request; the body of its response."""
        return self._response(self._send(command, **arguments))

    def wait_for(self, event: str) -> dict[str, Any]:
        """The body of the next event of that name."""
        while True:
            for known in self._events:
                if known["event"] == event:
                    self._events.remove(known)
                    return dict(known.get("body") or {})
            self._take()

    def _send(self, command: str, **arguments: object) -> int:
        self._sequence += 1
        message = {
            "seq": self._sequence,
            "type": "request",
            "command": command,
            "arguments": arguments,
        }
        body = json.dumps(message).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return self._sequence

    def _response(self, sequence: int) -> dict[str, Any]:
        while True:
            message = self._take()
            if message["type"] == "response" and message["request_seq"] == sequence:
                assert message["success"], message
                return dict(message.get("body") or {})

    def _take(self) -> dict[str, Any]:
        length = 0
        while line := self._stream.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the debugger hung up"
        message: dict[str, Any] = json.loads(self._stream.read(length))
        if message["type"] == "event":
            self._events.append(message)
        return message

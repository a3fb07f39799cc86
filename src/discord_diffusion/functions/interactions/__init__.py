"""The Lambda `interactions`: `handler` calls `endpoint`, which calls `router` and the handlers."""

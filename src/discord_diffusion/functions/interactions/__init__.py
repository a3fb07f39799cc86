"""The Lambda `interactions`, read from `handler` to `endpoint`, `router` and the handlers below."""

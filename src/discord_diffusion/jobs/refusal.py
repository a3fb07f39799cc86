"""Why a request is not done: a key of the catalogue, told to the user alone. Pure."""


class Refusal(Exception):  # noqa: N818 - it is an answer to a user, not an error of ours
    """`reason` names the text `refused.<reason>`, `values` fill its places.

    Whoever raises it has charged nothing.
    """

    def __init__(self, reason: str, **values: str | int) -> None:
        self.reason = reason
        self.values = values
        super().__init__(reason)

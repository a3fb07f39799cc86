"""The refusal of a request: why it is not done, in a text for its user. Pure."""


class Refusal(Exception):  # noqa: N818 - an answer to a user, not an error
    """A request is not done, and its user is not charged.

    `reason` names the text `refused.<reason>` of the catalogue, `values` fill its places.
    """

    def __init__(self, reason: str, **values: str | int) -> None:
        self.reason = reason
        self.values = values
        super().__init__(reason)

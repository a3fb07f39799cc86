"""What ECS refuses of tags; pure.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html
"""

from collections.abc import Iterator, Mapping, Sequence

MOST_TAGS = 50
LONGEST_KEY = 128
LONGEST_VALUE = 256


def tag_errors(tags: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Why the tags that a resource is to have, without ECS's own, are refused."""
    keys = [one.get("key", "") for one in tags]
    if len(keys) > MOST_TAGS:
        yield f"A resource has at most {MOST_TAGS} tags: there would be {len(keys)}."
    if len(set(keys)) < len(keys):
        yield "Duplicate tag keys found. Please note that tag keys are case sensitive."
    for key, value in ((one.get("key", ""), one.get("value", "")) for one in tags):
        if not 1 <= len(key) <= LONGEST_KEY or len(value) > LONGEST_VALUE:
            yield (
                f"The tag {key[:LONGEST_KEY]!r} is too long or has no key: {LONGEST_KEY} characters"
                f" are allowed for the key, {LONGEST_VALUE} for the value."
            )
        if key.lower().startswith("aws:"):
            yield f"The tag key {key!r} begins with aws:, which is reserved for AWS's own tags."

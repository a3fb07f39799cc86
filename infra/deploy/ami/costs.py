"""What an AMI costs, told before one is made. US dollars in us-east-1; unverified, the pages named
have those of today."""

# Of m6i.large on demand: https://aws.amazon.com/ec2/pricing/on-demand/
BUILDER_HOUR = 0.096
# Of what a snapshot really holds: https://aws.amazon.com/ebs/pricing/
SNAPSHOT_GB_MONTH = 0.05
# AWS's own image and the worker's, unpacked, by guess; the whole disk is the most that it can be.
LIKELY_GB = 20


def in_words(volume_gb: int) -> tuple[str, ...]:
    """One line for each item."""
    return (
        f"  the builder: about {BUILDER_HOUR / 2:.2f} dollars (half an hour of m6i.large)",
        f"  the AMI: about {LIKELY_GB * SNAPSHOT_GB_MONTH:.2f} dollars a month"
        f" ({LIKELY_GB} GB in a snapshot), {volume_gb * SNAPSHOT_GB_MONTH:.2f} if its disk is full",
        "  prices of us-east-1; other regions differ",
    )

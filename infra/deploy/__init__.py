"""From an AWS account and a Discord token to a running bot: `python -m infra.deploy --help`."""

"""Discord's limits of a registration, which the commands keep."""

# https://docs.discord.com/developers/interactions/application-commands#application-command-object
COMMAND_NAME = r"[-_'\w]{1,32}"
COMMAND_DESCRIPTION_LENGTH = (1, 100)
COMMAND_OPTIONS = 25
COMMAND_CHOICES = 25
COMMAND_CHARACTERS = 8000

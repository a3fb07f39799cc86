"""Discord's limits that this package meets. Sizes count bytes.

Lengths count characters; that of content counts UTF-16 units, the strictest reading of it.
"""

CONTENT_LENGTH = 2000
"""https://docs.discord.com/developers/resources/message#create-message"""

REQUEST_BYTES = 25 * 1024 * 1024
"""https://docs.discord.com/developers/reference#uploading-files"""

ATTACHMENT_DESCRIPTION_LENGTH = 1024
"""https://docs.discord.com/developers/resources/message#attachment-object"""

CUSTOM_ID_LENGTH = (1, 100)
"""https://docs.discord.com/developers/components/reference"""

STRING_OPTION_LENGTH = 6000
"""https://docs.discord.com/developers/interactions/application-commands#application-command-object"""

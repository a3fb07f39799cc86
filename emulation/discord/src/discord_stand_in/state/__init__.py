"""The state of the stand-in: interactions, messages, commands, attachments, events, reports."""

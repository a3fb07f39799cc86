"""What the stand-in keeps: interactions, messages, commands, attachments, events, reports."""

"""Jobs: what a user asks for, the message on the queue, the record in the table, and its cost."""

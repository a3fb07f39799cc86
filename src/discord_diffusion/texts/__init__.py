"""What users read: the texts of every language, and how they are made fit for Discord."""

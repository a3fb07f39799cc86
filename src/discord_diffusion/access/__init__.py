"""Who may ask for what, and how much: limits, the settings of guilds, and blocked prompts. Pure."""

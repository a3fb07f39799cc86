"""`python -m discord_stand_in`: serve the stand-in."""

from discord_stand_in.command_line import main

if __name__ == "__main__":
    main()

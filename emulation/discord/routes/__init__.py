"""The stand-in's HTTP routes, a module for each part of Discord's API and of ours."""

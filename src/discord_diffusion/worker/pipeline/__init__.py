"""Text to pictures with any model that diffusers' `AutoPipelineForText2Image` loads.

Only this package imports torch and diffusers. Importing it takes seconds, so the worker imports it
after the settings are known to be good.
"""

from discord_diffusion.worker.pipeline.generator import DiffusersGenerator

__all__ = ["DiffusersGenerator"]

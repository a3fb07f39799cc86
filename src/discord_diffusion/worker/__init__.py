"""The GPU worker: takes jobs from the queue, draws pictures, publishes them.

`python -m discord_diffusion.worker`. Only `pipeline` imports torch and diffusers.
"""

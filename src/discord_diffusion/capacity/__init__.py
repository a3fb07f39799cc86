"""How much a deployment can take, how long its users wait and what it costs: a model.

`python -m discord_diffusion.capacity` prints it. `figures.toml` holds every figure with its
source; `limits` is what the quotas allow; `waits` what queueing theory says; `day` simulates a
day under the original's policy and under ours.
"""

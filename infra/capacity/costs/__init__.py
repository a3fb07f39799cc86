"""What a deployment costs: the original's architecture and ours, at the same prices and loads.

`prices.toml` holds what AWS asks for, `counts.toml` how often each is asked. `month` puts a month
together from a simulated day; `estimate` is what the deploy step shows before anything is made.
"""

"""A model of what a deployment can take, how long its users wait, and what it costs.

`figures` holds the published numbers that the model begins with, each with its source. `limits` and
`queueing` compute rates and waits; `simulation` runs one day of a deployment; `bill` and `estimate`
turn its use into dollars. `tables` and `plots` show the results in docs/capacity.md and
docs/costs.md. `step_scaling` is AWS's arithmetic of step scaling, from which Terraform gets its
step adjustments.
"""

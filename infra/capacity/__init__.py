"""A model of a deployment's limits, of its users' waits and of its costs.

`figures` holds the published numbers that the model starts from, with their sources. `limits` and
`queueing` compute rates and waits; `simulation` runs one day of a deployment; `bill` and `estimate`
turn its use into dollars. `tables` and `plots` show the results in docs/capacity.md and
docs/costs.md. `step_scaling` is AWS's arithmetic of step scaling, from which Terraform gets its
step adjustments.
"""

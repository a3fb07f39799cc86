"""One simulated day of a deployment: jobs arrive, the fleet scales, and every job ends."""

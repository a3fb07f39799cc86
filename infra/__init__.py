"""The resources on AWS, as Terraform modules; the deploy step, Lambda package and cost model."""

"""What kept tools say of the Terraform module: checkov of its files, parliament of its policies."""

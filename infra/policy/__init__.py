"""Audits of the Terraform module: checkov checks its files, parliament its IAM policies."""

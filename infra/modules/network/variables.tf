variable "prefix" {
  description = "First part of every name: project and environment."
  type        = string
  nullable    = false
}

variable "create_vpc" {
  description = "Whether to create a VPC instead of using an existing one."
  type        = bool
  nullable    = false
}

variable "vpc_id" {
  description = "The VPC to use; null for the region's default one."
  type        = string
  default     = null
}

variable "cidr_block" {
  description = "IPv4 addresses of a VPC that is made; each zone's subnet gets a sixteenth."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.cidr_block)) && try(tonumber(split("/", var.cidr_block)[1]) >= 16 && tonumber(split("/", var.cidr_block)[1]) <= 24, false)
    error_message = "cidr_block must be an IPv4 block from /16 to /24, for example 10.0.0.0/16."
  }
}

variable "instance_types" {
  description = "The EC2 instance types that are to run here: zones without any of them are left out."
  type        = list(string)
  nullable    = false
}

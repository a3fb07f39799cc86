variable "prefix" {
  description = "What every name begins with: project and environment."
  type        = string
  nullable    = false
}

variable "point_in_time_recovery" {
  description = "Whether the table can be brought back to any second of the last 35 days."
  type        = bool
  default     = false
  nullable    = false
}

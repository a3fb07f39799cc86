variable "maximum" {
  description = "Tasks of the fleet at most."
  type        = number
  nullable    = false

  validation {
    condition     = contains(range(0, 201), var.maximum)
    error_message = "maximum must be a whole number from 0 to 200: sizes.json has no more."
  }
}

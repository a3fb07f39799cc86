variable "prefix" {
  description = "First part of every name: project and environment."
  type        = string
  nullable    = false
}

variable "visibility_timeout_seconds" {
  description = "How long a received message stays hidden."
  type        = number
  nullable    = false
}

variable "message_retention_seconds" {
  description = "How long a message waits before SQS drops it."
  type        = number
  nullable    = false
}

variable "dead_letter_retention_seconds" {
  description = "How long a message stays in the dead-letter queue."
  type        = number
  nullable    = false
}

variable "dead_letter_visibility_timeout_seconds" {
  description = "Visibility timeout of the dead-letter queue; AWS asks for six times the function's time-out."
  type        = number
  nullable    = false
}

variable "max_receive_count" {
  description = "How often a message is received before it moves to the dead-letter queue."
  type        = number
  nullable    = false
}

variable "redrive_at_creation" {
  description = "Whether the queue is created with its redrive policy, side by side with the dead-letter queue (25 s), rather than given it once both exist (50 s). SQS refuses a dead-letter queue that does not exist yet; the emulator accepts it."
  type        = bool
  default     = false
  nullable    = false
}

output "vpc_id" {
  description = "Id of the VPC."
  value       = local.vpc_id
}

output "subnet_ids" {
  description = "Ids of the public subnets, in zones that have one of the instance types."
  value       = local.subnet_ids
}

output "security_group_id" {
  description = "Id of the instances' security group."
  value       = aws_security_group.instances.id
}

output "zones" {
  description = "Names of the zones that have one of the instance types."
  value       = local.zones
}

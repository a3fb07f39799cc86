"""What exists on AWS, and the Lambda package that runs there."""

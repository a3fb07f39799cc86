"""Reads the queue, and writes each message in capitals into the bucket."""

import os

import boto3

queue, bucket = os.environ["QUEUE_URL"], os.environ["BUCKET"]
sqs, s3 = boto3.client("sqs"), boto3.client("s3")
while True:
    answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)
    for message in answer.get("Messages", []):
        s3.put_object(Bucket=bucket, Key=message["MessageId"], Body=message["Body"].upper())
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

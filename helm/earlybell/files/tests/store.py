"""The bucket of artifacts can be read."""

import os
import sys

import boto3
from azure.identity import DefaultAzureCredential
from azure.storage.blob import ContainerClient

bucket = os.environ["EARLYBELL_STORE_BUCKET"]
try:
    if "AZURE_STORAGE_ACCOUNT" in os.environ:
        by_key = os.environ.get("AZURE_STORAGE_CONNECTION_STRING")
        place = f"https://{os.environ['AZURE_STORAGE_ACCOUNT']}.blob.core.windows.net"
        client = (
            ContainerClient.from_connection_string(by_key, bucket)
            if by_key
            else ContainerClient(place, bucket, DefaultAzureCredential())
        )
        next(iter(client.list_blobs(results_per_page=1)), None)
    else:
        boto3.client("s3").list_objects_v2(Bucket=bucket, MaxKeys=1)
except Exception as error:  # of many classes, of three libraries
    sys.exit(f"Bucket {bucket} cannot be read: {error} Look at the values of store, and earlybell-s3 or the identity.")
print(f"Bucket {bucket} can be read.")

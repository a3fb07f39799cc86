"""API Gateway calls functions, and operations that are not emulated fail by name."""

import gzip
import json
import socket

import httpx
import pytest
from botocore.exceptions import ClientError
from running_emulator import Deploy, Emulator, Function

from tests import foreign_web
from tests.targets import HOST, TARGET


def rest_api(emulator: Emulator, function: Function, path: str) -> str:
    """A REST API whose POST on `path` goes to the function; its address."""
    client = emulator.client("apigateway")
    api = client.create_rest_api(name=function.name)["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    resource = client.create_resource(restApiId=api, parentId=root, pathPart=path)["id"]
    method = {"restApiId": api, "resourceId": resource, "httpMethod": "POST"}
    client.put_method(**method, authorizationType="NONE")
    prefix = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions"
    client.put_integration(
        **method,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"{prefix}/{function.arn}/invocations",
    )
    client.create_deployment(restApiId=api, stageName="dev")
    return f"{emulator.config.endpoint}/_aws/execute-api/{api}/dev/{path}"


def test_a_rest_api_passes_the_raw_body_and_headers_to_the_function(
    emulator: Emulator, deploy: Deploy
) -> None:
    function = deploy(
        """
        import json
        def handler(event, context):
            received = {"body": event["body"], "sign": event["headers"].get("X-Signature-Ed25519")}
            return {
                "statusCode": 401 if event["body"] == "bad" else 200,
                "headers": {"Content-Type": "application/json"},
                "body": json.dumps(received),
            }
        """
    )
    url = rest_api(emulator, function, "interactions")
    body = '{"type":1,  "text":"a \\u2603 and ☃"}'
    answer = httpx.post(url, content=body.encode(), headers={"X-Signature-Ed25519": "abc"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"body": body, "sign": "abc"}
    assert httpx.post(url, content=b"bad").status_code == 401


@pytest.mark.skipif(TARGET != HOST, reason="the ports of functions are inside the container")
def test_every_port_refuses_what_foreign_web_pages_send(emulator: Emulator, deploy: Deploy) -> None:
    function = deploy("def handler(event, context): return 1")
    function.invoke()

    def ports() -> set[int]:
        return {port for _, port in emulator.addresses()}

    assert len(ports()) > 1, "the function's process asks a port of its own for events"
    foreign_web.check_that_ports_refuse(ports)
    assert function.invoke().payload == 1


def test_foreign_web_pages_reach_neither_rest_apis_nor_queues(
    emulator: Emulator, deploy: Deploy
) -> None:
    function = deploy("def handler(event, context): return {'statusCode': 200, 'body': 'called'}")
    url = rest_api(emulator, function, "called")
    api, _, path = url.partition("/_aws/execute-api/")[2].partition("/")
    sqs = emulator.client("sqs")
    queue = sqs.create_queue(QueueName="foreign")["QueueUrl"]
    send = f"{queue}?Action=SendMessage&MessageBody=x&Version=2012-11-05"
    with httpx.Client(trust_env=False, timeout=20) as http:
        for headers in foreign_web.HEADERS:
            answers = [http.get(send, headers=headers)]
            for host in (None, f"{api}.execute-api.localhost:{emulator.config.port}"):
                address = url if host is None else f"{emulator.config.endpoint}/{path}"
                sent = ({"Host": host} if host else {}) | headers
                preflight = {"Access-Control-Request-Method": "POST"} | sent
                answers += [http.post(address, headers=sent), http.options(url, headers=preflight)]
            for answer in answers:
                assert answer.status_code == 403
                assert "access-control-allow-origin" not in answer.headers
        # Programs reach both, the API by its name below localhost, too.
        assert http.post(url).text == "called"
        named = {"Host": f"{api}.execute-api.localhost:{emulator.config.port}"}
        assert http.post(f"{emulator.config.endpoint}/{path}", headers=named).text == "called"
        attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])
        assert attributes["Attributes"]["ApproximateNumberOfMessages"] == "0"
        assert http.get(send).status_code == 200


def test_refused_websockets_leave_the_emulator_working(emulator: Emulator) -> None:
    address = (httpx.URL(emulator.config.endpoint).host, emulator.config.port)
    upgrade = (
        f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{address[1]}\r\nOrigin: http://evil.example\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    for _ in range(20):
        with socket.create_connection(address, timeout=20) as connection:
            connection.sendall(upgrade.encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 403")
    assert "Unhandled Error" not in emulator.printed()
    assert emulator.client("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_bucket_answers_by_its_name_below_localhost_and_not_to_foreign_pages(
    emulator: Emulator,
) -> None:
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="pictures")
    s3.put_object(Bucket="pictures", Key="a", Body=b"private")
    host = {"Host": f"pictures.s3.localhost:{emulator.config.port}"}
    url = f"{emulator.config.endpoint}/a"
    with httpx.Client(trust_env=False, timeout=20) as http:
        for headers in foreign_web.HEADERS:
            assert http.get(url, headers=host | headers).status_code == 403
            path = f"{emulator.config.endpoint}/pictures/a"
            assert http.get(path, headers=headers).status_code == 403
        assert http.get(path).content == b"private"
        assert http.get(url, headers=host).content == b"private"


def test_a_function_that_fails_is_a_bad_gateway(emulator: Emulator, deploy: Deploy) -> None:
    function = deploy("def handler(event, context): raise ValueError('secret')")
    answer = httpx.post(rest_api(emulator, function, "broken"), content=b"{}")
    assert answer.status_code == 502
    assert json.loads(answer.text) == {"message": "Internal server error"}


def test_the_urls_of_queues_are_on_loopback(emulator: Emulator) -> None:
    url = emulator.client("sqs").create_queue(QueueName="address")["QueueUrl"]
    assert url == f"{emulator.config.endpoint}/000000000000/address"


def test_dynamodb_works_without_java(emulator: Emulator) -> None:
    client = emulator.client("dynamodb")
    client.create_table(
        TableName="jobs",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    item = {"id": {"S": "1"}, "state": {"S": "queued"}}
    client.put_item(TableName="jobs", Item=item, ConditionExpression="attribute_not_exists(id)")
    assert client.get_item(TableName="jobs", Key={"id": {"S": "1"}})["Item"] == item
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        client.put_item(TableName="jobs", Item=item, ConditionExpression="attribute_not_exists(id)")


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "named"),
    [
        # moto alone; LocalStack with moto behind it; LocalStack alone; neither has the service.
        ("dynamodb", "describe_contributor_insights", {"TableName": "t"}, "dynamodb.Describe"),
        ("ec2", "describe_mac_hosts", {}, "ec2.DescribeMacHosts"),
        ("events", "list_endpoints", {}, "events.ListEndpoints"),
        ("braket", "get_device", {"deviceArn": "arn:aws:braket:::device"}, "braket.GetDevice"),
    ],
)
def test_an_operation_that_is_not_emulated_fails_with_its_name(
    emulator: Emulator, service: str, operation: str, arguments: dict[str, str], named: str
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(emulator.client(service), operation)(**arguments)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert named in caught.value.response["Error"]["Message"]


def test_calls_of_json_apis_are_answered_alike_by_either_chain(emulator: Emulator) -> None:
    def call(target: str = "DynamoDB_20120810.ListTables", **headers: str) -> httpx.Response:
        signed = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request,"
        headers = {
            "X-Amz-Target": target,
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": f"{signed} SignedHeaders=host, Signature=0",
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        body = gzip.compress(b"{}") if "Content-Encoding" in headers else b"{}"
        return httpx.post(emulator.config.endpoint, content=body, headers=headers)

    short, whole = call(), call(Content_Encoding="gzip")
    assert "TableNames" in short.json()
    assert short.json() == whole.json()
    of_chain = ("content-type", "x-amz-crc32")
    assert [short.headers[name] for name in of_chain] == [whole.headers[name] for name in of_chain]
    unknown = "DynamoDB_20120810.Missing"
    missing = [call(unknown), call(unknown, Content_Encoding="gzip")]
    assert missing[0].status_code == missing[1].status_code != httpx.codes.OK
    assert missing[0].content == missing[1].content
    # LocalStack's own check of a page's origin, which takes the whole chain.
    assert call(Origin=emulator.config.endpoint).status_code == httpx.codes.FORBIDDEN

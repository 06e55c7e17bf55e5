"""Finds out by reflection what a server offers, and calls it, without chat.proto.

usage: reflection.py HOST:PORT

Needs grpcio and grpcio-reflection.
"""

import sys

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

channel = grpc.insecure_channel(sys.argv[1])
database = ProtoReflectionDescriptorDatabase(channel)
services = sorted(database.get_services())
assert "chat.v1.Chat" in services, services
pool = DescriptorPool(database)
chat = pool.FindServiceByName("chat.v1.Chat")
methods = [method.name for method in chat.methods]
expected = "Create Login Logout List Send Acknowledge Receive Delete"
assert methods == expected.split(), methods
login = chat.FindMethodByName("Login")
assert login.server_streaming and not login.client_streaming
sent = pool.FindMessageTypeByName("chat.v1.SendRequest")
assert [(field.name, field.number) for field in sent.fields] == [
    ("session", 1), ("to", 2), ("number", 3), ("text", 4)
]


def call(rpc, **fields):
    method = chat.FindMethodByName(rpc)
    rpc = channel.unary_unary(
        f"/chat.v1.Chat/{rpc}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )
    return rpc(GetMessageClass(method.input_type)(**fields))


call("Create", name="anna")
call("Create", name="ben")
assert list(call("List", pattern="?????", after="").names) == []
assert list(call("List", pattern="*", after="").names) == ["anna", "ben"]
print("found and called")

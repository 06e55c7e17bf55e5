"""A chat client made from chat.proto, by Google's own gRPC for Python.

usage: chat_client.py FOLDER-OF-CHAT.PROTO HOST:PORT

Needs grpcio and grpcio-tools.
"""

import sys

import grpc

sys.path.insert(0, sys.argv[1])
messages, services = grpc.protos_and_services("chat.proto")


class User:
    def __init__(self, address, name):
        self.channel = grpc.insecure_channel(address)
        self.chat = services.ChatStub(self.channel)
        self.name = name

    def create(self):
        self.chat.Create(messages.CreateRequest(name=self.name))

    def login(self):
        self.events = self.chat.Login(messages.LoginRequest(name=self.name))
        found = next(self.events).logged_in
        self.session = found.session
        return found

    def send(self, to, number, text):
        request = messages.SendRequest(session=self.session, to=to, number=number, text=text)
        return self.chat.Send(request).delivered

    def message(self):
        found = next(self.events).message
        return found.id, getattr(found, "from"), found.text

    def acknowledge(self, id):
        self.chat.Acknowledge(messages.AcknowledgeRequest(session=self.session, id=id))


def refused(call):
    try:
        call()
    except grpc.RpcError as error:
        return error.code()
    raise AssertionError("not refused")


anna, ben = User(sys.argv[2], "anna"), User(sys.argv[2], "Bénédicte")
anna.create()
ben.create()
assert refused(ben.create) == grpc.StatusCode.ALREADY_EXISTS
anna.login()
assert not anna.send(ben.name, 1, "one")
assert ben.login().waiting == 1
assert ben.message() == (1, "anna", "one")
assert anna.send(ben.name, 2, "zwei \U0001f600")
assert ben.message() == (2, "anna", "zwei \U0001f600")
ben.acknowledge(1)
# A lost connection logs out and loses no message.
ben.channel.close()
number = 3
while anna.send(ben.name, number, "three"):
    number += 1
again = User(sys.argv[2], ben.name)
found = again.login()
assert (found.acknowledged, found.waiting) == (1, number - 1), found
assert again.message() == (2, "anna", "zwei \U0001f600")
assert again.message() == (3, "anna", "three")
names = anna.chat.List(messages.ListRequest(pattern="B?n*"))
assert list(names.names) == ["Bénédicte"] and not names.more
assert refused(lambda: anna.send("nobody", 1000, "hi")) == grpc.StatusCode.NOT_FOUND
gone = again.chat.Delete(messages.DeleteRequest(session=again.session))
assert gone.discarded == number - 1
assert refused(lambda: anna.send(ben.name, 1000, "hi")) == grpc.StatusCode.NOT_FOUND
anna.chat.Logout(messages.LogoutRequest(session=anna.session))
assert refused(lambda: anna.send("anna", 1001, "hi")) == grpc.StatusCode.UNAUTHENTICATED
print("everything as in chat.proto")

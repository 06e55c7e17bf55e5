"""A chat client made from chat.proto, by Google's own gRPC for Python.

usage: chat_client.py FOLDER-OF-CHAT.PROTO HOST:PORT everything|rules

Needs grpcio and grpcio-tools.
"""

import os
import sys

import grpc

folder = sys.argv[1]
sys.path[:0] = [folder, os.path.join(folder, "../../../tests/fixtures/programs")]
import chat_rules

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


def everything():
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


class Person:
    """A user for `chat_rules`."""

    def __init__(self):
        self.channel = grpc.insecure_channel(sys.argv[2], [("grpc.use_local_subchannel_pool", 1)])
        self.chat = services.ChatStub(self.channel)
        self.session = 0

    def ask(self, call, request):
        try:
            return call(request)
        except grpc.RpcError as error:
            raise self.refused(error) from None

    def refused(self, error):
        codes = [value for key, value in error.trailing_metadata() if key == "chat-code"]
        assert codes, error
        return chat_rules.Refused(int(codes[0]))

    def create(self, name):
        self.ask(self.chat.Create, messages.CreateRequest(name=name))

    def login(self, name):
        events = self.chat.Login(messages.LoginRequest(name=name))
        try:
            found = next(events).logged_in
        except grpc.RpcError as error:
            raise self.refused(error) from None
        self.events, self.session = events, found.session
        return dict(mailbox=found.mailbox, acknowledged=found.acknowledged, waiting=found.waiting,
                    last=found.last_number)

    def logout(self):
        self.ask(self.chat.Logout, messages.LogoutRequest(session=self.session))

    def list(self, pattern):
        names, more = [], True
        while more:
            request = messages.ListRequest(pattern=pattern, after=names[-1] if names else "")
            page = self.ask(self.chat.List, request)
            names, more = names + list(page.names), page.more
        return names

    def send(self, number, to, text):
        request = messages.SendRequest(session=self.session, to=to, number=number, text=text)
        return self.ask(self.chat.Send, request).delivered

    def message(self):
        found = next(self.events).message
        return found.id, getattr(found, "from"), found.text

    def acknowledge(self, id):
        self.ask(self.chat.Acknowledge, messages.AcknowledgeRequest(session=self.session, id=id))

    def delete(self):
        return self.ask(self.chat.Delete, messages.DeleteRequest(session=self.session)).discarded

    def elsewhere(self):
        assert refused(lambda: next(self.events)) == grpc.StatusCode.ABORTED

    def close(self):
        self.channel.close()


def rules():
    chat_rules.follow(Person)


{"everything": everything, "rules": rules}[sys.argv[3]]()

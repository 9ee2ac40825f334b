"""A connection of PyKMIP's pie client that the checks share, and the few calls that most of them make."""

import itertools
import secrets

from kmip.core import enums, objects
from kmip.core.factories.attributes import AttributeFactory
from kmip.core.factories.attribute_values import AttributeValueFactory
from kmip.pie.client import ProxyKmipClient

AES = enums.CryptographicAlgorithm.AES
Mask = enums.CryptographicUsageMask
Reason = enums.ResultReason

# What the standard's tables say for one fault before and since 2.0. Both are wire values that the client knows.
NOT_FOUND = {'1': (Reason.ITEM_NOT_FOUND,), '2': (Reason.ITEM_NOT_FOUND, Reason.OBJECT_NOT_FOUND)}
WRONG_STATE = {
    '1': (Reason.PERMISSION_DENIED,),
    '2': (Reason.PERMISSION_DENIED, Reason.WRONG_KEY_LIFECYCLE_STATE),
}
DESTROYED = {
    '1': (Reason.ITEM_NOT_FOUND, Reason.PERMISSION_DENIED),
    '2': (Reason.ITEM_NOT_FOUND, Reason.PERMISSION_DENIED, Reason.OBJECT_NOT_FOUND, Reason.OBJECT_DESTROYED),
}
WRONG_USAGE = {
    '1': (Reason.PERMISSION_DENIED, Reason.ILLEGAL_OPERATION),
    '2': (Reason.PERMISSION_DENIED, Reason.ILLEGAL_OPERATION, Reason.INCOMPATIBLE_CRYPTOGRAPHIC_USAGE_MASK),
}


def check(since='1.0', until='2.0', needs=None):
    """Mark a function as a check at versions `since` to `until`; `needs` names an option that must be given."""

    def mark(function):
        def applies(session):
            return since <= session.version <= until and (needs is None or getattr(session.options, needs))

        function.applies = applies
        return function

    return mark


class Session:
    """One open client at one version, reopened only after a check broke it."""

    def __init__(self, options):
        self.options = options
        self.version = options.kmip
        self.factory = AttributeFactory()
        self.values = AttributeValueFactory()
        self.run = secrets.token_hex(4)
        self.counter = itertools.count()
        self.client = self.connect()

    def connect(self, **changes):
        """Open a further client; `changes` are ProxyKmipClient arguments."""
        o = self.options
        given = {
            'hostname': o.host, 'port': o.port, 'cert': o.cert, 'key': o.key, 'ca': o.ca,
            'kmip_version': enums.KMIPVersion['KMIP_' + o.kmip.replace('.', '_')],
        }
        client = ProxyKmipClient(**{**given, **changes})
        client.open()
        return client

    def reconnect(self):
        self.close()
        self.client = self.connect()

    def close(self):
        try:
            self.client.close()
        except OSError:
            pass  # the server had closed it already, and the failed check has said so

    def name(self, stem='key'):
        """A name that no other object of this run has."""
        return f'{stem}-{self.version}-{self.run}-{next(self.counter)}'

    def reasons(self, table):
        return table[self.version[0]]

    def aes(self, length=256, active=False, masks=None, name=None):
        """Create an AES key; its UID."""
        uid = self.client.create(AES, length, name=name, cryptographic_usage_mask=masks)
        if active:
            self.client.activate(uid)
        return uid

    def attribute(self, kind, value, index=None):
        """An attribute as pie's `locate` and the 1.x attribute operations take it."""
        return self.factory.create_attribute(kind, value, index)

    def value(self, tag, value):
        """An attribute as the 2.0 attribute operations take it."""
        return self.values.create_attribute_value_by_enum(tag, value)

    def create_with(self, *attributes, length=256):
        """Create an AES key with further attributes, which pie's own `create` has no argument for."""
        template = objects.TemplateAttribute(attributes=[
            self.attribute(enums.AttributeType.CRYPTOGRAPHIC_ALGORITHM, AES),
            self.attribute(enums.AttributeType.CRYPTOGRAPHIC_LENGTH, length),
            self.attribute(enums.AttributeType.CRYPTOGRAPHIC_USAGE_MASK, [Mask.ENCRYPT, Mask.DECRYPT]),
            *attributes,
        ])
        result = self.client.proxy.create(enums.ObjectType.SYMMETRIC_KEY, template)
        if result.result_status.value != enums.ResultStatus.SUCCESS:
            raise AssertionError(f'Create: {result.result_reason.value.name}: {result.result_message.value}')
        return result.uuid

    def read(self, uid, name):
        """The values of one attribute by its 1.x name, through Get Attributes; [] when it is not set."""
        _, attributes = self.client.get_attributes(uid, [name])
        wrong = [a.attribute_name.value for a in attributes if a.attribute_name.value != name]
        if wrong:
            raise AssertionError(f'asked for {name}, got {wrong} too')
        return [a.attribute_value for a in attributes]

    def record_answers(self):
        """The bytes of the answers from now on, in a list that grows."""
        answers, receive = [], type(self.client.proxy)._receive_message

        def record(*_):
            answer = receive(self.client.proxy)
            answers.append(bytes(answer.buffer))
            return answer

        self.client.proxy._receive_message = record
        return answers

    def state(self, uid):
        return self.read(uid, 'State')[0].value

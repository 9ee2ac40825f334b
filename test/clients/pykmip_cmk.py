"""The life of a customer master key by attributes alone: what any KMIP client can do."""

from contextlib import closing

from kmip.core import attributes, enums, objects, primitives
from kmip.core.enums import Tags
from kmip.core.messages import payloads

from checks import equal, expect, refused
from pykmip_session import WRONG_STATE, Reason, check

CBC = {
    'cryptographic_algorithm': enums.CryptographicAlgorithm.AES,
    'block_cipher_mode': enums.BlockCipherMode.CBC,
    'padding_method': enums.PaddingMethod.PKCS5,
}


@check(since='1.2')
def cmk_is_disabled_and_enabled(s):
    uid, sealed, iv = encrypted(s)
    set_(s, uid, 'cmk-enabled', False)
    with refused(*s.reasons(WRONG_STATE)):
        s.client.decrypt(sealed, uid, CBC, iv)
    set_(s, uid, 'cmk-enabled', True)
    equal(s.client.decrypt(sealed, uid, CBC, iv), b'data')


@check(since='1.2')
def cmk_deletion_is_scheduled_and_cancelled(s):
    uid, sealed, iv = encrypted(s)
    set_(s, uid, 'cmk-deletion-window', 7)
    with refused(*s.reasons(WRONG_STATE)):
        s.client.decrypt(sealed, uid, CBC, iv)
    with refused(*s.reasons(WRONG_STATE)):
        set_(s, uid, 'cmk-enabled', True)
    delete(s, uid, 'cmk-deletion-window')
    equal(s.client.decrypt(sealed, uid, CBC, iv), b'data')
    with refused(*s.reasons(WRONG_STATE)):
        delete(s, uid, 'cmk-deletion-window')


@check(since='1.2')
def cmk_is_rotated_and_found_by_its_alias(s):
    alias = 'alias/' + s.name('app').replace('.', '_')
    uid, sealed, iv = encrypted(s, alias)
    set_(s, uid, 'cmk-rotate', True)
    again, iv2 = s.client.encrypt(b'data', alias, CBC)
    with refused(*s.reasons(WRONG_STATE)):
        s.client.encrypt(b'data', uid, CBC)
    equal(s.client.decrypt(sealed, uid, CBC, iv), b'data')
    found = s.client.locate(attributes=[s.attribute(enums.AttributeType.NAME, alias)])
    equal(len(found), 1)
    expect(found != [uid], 'the alias means the old version')
    equal(s.client.decrypt(again, found[0], CBC, iv2), b'data')


@check(since='1.2')
def cmk_goes_through_the_window_by_revoke_and_destroy(s):
    uid, sealed, iv = encrypted(s)
    s.client.revoke(enums.RevocationReasonCode.CESSATION_OF_OPERATION, uid)
    s.client.destroy(uid)
    delete(s, uid, 'cmk-deletion-window')
    equal(s.client.decrypt(sealed, uid, CBC, iv), b'data')


@check(since='1.2')
def cmk_makes_ciphertext_that_describes_itself(s):
    alias = 'alias/' + s.name('blob').replace('.', '_')
    uid, _, _ = encrypted(s, alias)
    set_(s, uid, 'cmk-ciphertext-format', 'blob')
    blob, iv = s.client.encrypt(b'data', alias)
    equal((blob[:36].decode(), len(blob), iv), (uid, 36 + 12 + 8 + 16, None))
    set_(s, uid, 'cmk-rotate', True)
    newer, _ = s.client.encrypt(b'data', alias)
    expect(newer[:36] != blob[:36], 'the new version does not encrypt')
    for each in (blob, newer):
        equal(s.client.decrypt(each, alias), b'data')
        equal(s.client.decrypt(each), b'data')
    with refused(Reason.CRYPTOGRAPHIC_FAILURE):
        s.client.decrypt(blob[:-1] + bytes([blob[-1] ^ 1]))
    delete(s, uid, 'cmk-ciphertext-format')
    equal(s.client.decrypt(blob), b'data')


@check(until='1.4')
def cmk_attributes_are_text_in_1_x(s):
    uid = create(s.client, {'cmk-description': 'for the ledger', 'cmk-tag-team': 'db'})
    _, read = s.client.get_attributes(uid, ['x-cmk-enabled', 'x-cmk-description', 'x-cmk-tag-team'])
    values = {a.attribute_name.value: a.attribute_value.value for a in read}
    equal(values, {'x-cmk-enabled': 'true', 'x-cmk-description': 'for the ledger', 'x-cmk-tag-team': 'db'})


def encrypted(s, alias=None):
    """A CMK, made at 1.2 because PyKMIP has no vendor attributes for Create at 2.0, and what it has encrypted."""
    values = {'cmk-key-spec': 'Aliyun_AES_256', **({'cmk-alias': alias} if alias else {})}
    with closing(s.connect(kmip_version=enums.KMIPVersion.KMIP_1_2)) as older:
        uid = create(older, values)
    return uid, *s.client.encrypt(b'data', uid, CBC)


def create(client, values):
    template = objects.TemplateAttribute(attributes=[custom(name, value) for name, value in values.items()])
    result = client.proxy.create(enums.ObjectType.SYMMETRIC_KEY, template)
    equal(result.result_status.value, enums.ResultStatus.SUCCESS)
    return result.uuid


def set_(s, uid, name, value):
    if s.version < '2':
        s.client.modify_attribute(uid, attribute=custom(name, value))
        return
    payload = payloads.SetAttributeRequestPayload(
        unique_identifier=uid, new_attribute=objects.NewAttribute(attribute=VendorAttribute(name, value)))
    s.client.proxy.send_request_payload(enums.Operation.SET_ATTRIBUTE, payload)


def delete(s, uid, name):
    if s.version < '2':
        s.client.delete_attribute(uid, attribute_name='x-' + name)
    else:
        reference = objects.AttributeReference(vendor_identification='Keyward', attribute_name=name)
        s.client.delete_attribute(uid, attribute_reference=reference)


def custom(name, value):
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return objects.Attribute(
        attribute_name=objects.Attribute.AttributeName('x-' + name),
        attribute_value=attributes.CustomAttribute(text))


class VendorAttribute(primitives.Struct):
    """Vendor Attribute of 2.0, which PyKMIP lacks."""

    def __init__(self, name, value):
        super().__init__(tag=Tags.ATTRIBUTE)
        kinds = {bool: primitives.Boolean, int: primitives.Integer, str: primitives.TextString}
        self.fields = [
            primitives.TextString('Keyward', Tags.VENDOR_IDENTIFICATION),
            primitives.TextString(name, Tags.ATTRIBUTE_NAME),
            kinds[type(value)](value, Tags.ATTRIBUTE_VALUE),
        ]

    def write(self, ostream, kmip_version=enums.KMIPVersion.KMIP_2_0):
        stream = objects.utils.BytearrayStream()
        for field in self.fields:
            field.write(stream, kmip_version=kmip_version)
        self.length = stream.length()
        super().write(ostream, kmip_version=kmip_version)
        ostream.write(stream.buffer)

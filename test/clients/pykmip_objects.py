"""Create, Create Key Pair, Register, Get, the life cycle, and what must be refused."""

import datetime
import re
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from kmip.core import enums
from kmip.core.exceptions import ReadValueError
from kmip.pie import objects

from checks import equal, expect, refused
from pykmip_session import AES, DESTROYED, NOT_FOUND, WRONG_STATE, Mask, Reason, check

Algorithm = enums.CryptographicAlgorithm
Format = enums.KeyFormatType
Revocation = enums.RevocationReasonCode
State = enums.State


@check()
def create_AES_of_each_length(s):
    for length in (128, 192, 256):
        key = s.client.get(s.aes(length))
        equal(len(key.value) * 8, length, 'bits')
        equal((key.cryptographic_algorithm, key.cryptographic_length), (AES, length))
        equal(key.key_format_type, Format.RAW)


@check()
def create_Triple_DES(s):
    key = s.client.get(s.client.create(Algorithm.TRIPLE_DES, 192))
    equal((key.cryptographic_algorithm, len(key.value)), (Algorithm.TRIPLE_DES, 24))


@check()
def create_HMAC_keys(s):
    for algorithm in (Algorithm.HMAC_SHA1, Algorithm.HMAC_SHA256, Algorithm.HMAC_SHA512):
        uid = s.client.create(algorithm, 256, cryptographic_usage_mask=[Mask.MAC_GENERATE, Mask.MAC_VERIFY])
        equal(len(s.client.get(uid).value), 32)


@check()
def create_makes_a_different_key_each_time(s):
    values = {s.client.get(s.aes()).value for _ in range(4)}
    equal(len(values), 4)


@check()
def create_with_name_and_usage_mask(s):
    name = s.name()
    uid = s.client.create(AES, 128, name=name, cryptographic_usage_mask=[Mask.WRAP_KEY, Mask.EXPORT])
    equal([n.name_value.value for n in s.read(uid, 'Name')], [name])
    equal(s.read(uid, 'Cryptographic Usage Mask')[0].value, 0x04 | 0x08 | 0x10 | 0x40)


@check(until='1.4')
def create_with_operation_policy_name(s):
    uid = s.client.create(AES, 128, operation_policy_name='default')
    equal(s.read(uid, 'Operation Policy Name')[0].value, 'default')


@check()
def create_same_name_twice(s):
    name = s.name()
    uids = {s.aes(name=name), s.aes(name=name)}
    equal(set(s.client.locate(attributes=[s.attribute(enums.AttributeType.NAME, name)])), uids)


@check()
def create_key_pair_RSA(s):
    names = s.name('public'), s.name('private')
    public, private = s.client.create_key_pair(
        Algorithm.RSA, 2048, public_name=names[0], public_usage_mask=[Mask.VERIFY],
        private_name=names[1], private_usage_mask=[Mask.SIGN])
    equal([s.read(uid, 'Name')[0].name_value.value for uid in (public, private)], list(names))
    equal([s.read(uid, 'Cryptographic Usage Mask')[0].value for uid in (public, private)], [2, 1])
    halves = s.client.get(public), s.client.get(private)
    equal([h.cryptographic_length for h in halves], [2048, 2048])
    equal(load_public(halves[0]).public_numbers(), load_private(halves[1]).public_key().public_numbers())


@check()
def register_symmetric_key(s):
    value = bytes(range(32))
    key = objects.SymmetricKey(AES, 256, value, [Mask.ENCRYPT, Mask.DECRYPT], name=s.name())
    uid = s.client.register(key)
    equal(s.client.get(uid).value, value)
    equal(s.state(uid), State.PRE_ACTIVE)


@check()
def register_public_keys(s):
    key = rsa_key().public_key()
    for form, (encoding, container) in PUBLIC_FORMS.items():
        value = key.public_bytes(encoding, container)
        uid = s.client.register(objects.PublicKey(Algorithm.RSA, 2048, value, form, [Mask.VERIFY], s.name()))
        got = s.client.get(uid)
        equal((got.key_format_type, got.value), (form, value))


@check()
def register_private_keys(s):
    key = rsa_key()
    for form, container in PRIVATE_FORMS.items():
        value = key.private_bytes(serialization.Encoding.DER, container, serialization.NoEncryption())
        uid = s.client.register(objects.PrivateKey(Algorithm.RSA, 2048, value, form, [Mask.SIGN], s.name()))
        got = s.client.get(uid)
        equal((got.key_format_type, got.value), (form, value))


@check()
def register_certificate(s):
    value = certificate()
    uid = s.client.register(objects.X509Certificate(value, [Mask.VERIFY], s.name()))
    got = s.client.get(uid)
    equal((got.certificate_type, got.value), (enums.CertificateType.X_509, value))
    if s.version < '2.0':  # the client cannot decode this attribute there
        equal(s.read(uid, 'Certificate Type')[0].value, enums.CertificateType.X_509)


@check()
def register_secret_data(s):
    for kind in (enums.SecretDataType.PASSWORD, enums.SecretDataType.SEED):
        uid = s.client.register(objects.SecretData(b'correct horse', kind, [Mask.VERIFY], s.name()))
        got = s.client.get(uid)
        equal((got.data_type, got.value), (kind, b'correct horse'))


@check()
def register_opaque_object(s):
    uid = s.client.register(objects.OpaqueObject(b'\x00opaque\xff', enums.OpaqueDataType.NONE, s.name()))
    got = s.client.get(uid)
    equal((got.opaque_type, got.value), (enums.OpaqueDataType.NONE, b'\x00opaque\xff'))


@check()
def register_split_key(s):
    part = objects.SplitKey(
        cryptographic_algorithm=AES, cryptographic_length=128, key_value=bytes(16), name=s.name(),
        cryptographic_usage_masks=[Mask.EXPORT], key_format_type=Format.RAW, split_key_parts=3,
        key_part_identifier=2, split_key_threshold=2, split_key_method=enums.SplitKeyMethod.XOR)
    got = s.client.get(s.client.register(part))
    equal((got.value, got.split_key_parts, got.key_part_identifier, got.split_key_threshold, got.split_key_method),
          (bytes(16), 3, 2, 2, enums.SplitKeyMethod.XOR))


@check()
def register_with_several_names(s):
    key = objects.SymmetricKey(AES, 128, bytes(16), [Mask.ENCRYPT], name=s.name())
    key.names.append(s.name())
    uid = s.client.register(key)
    equal([n.name_value.value for n in s.read(uid, 'Name')], key.names)


@check()
def get_wrapped_RFC_3394(s):
    """A wrapped Key Value is a Byte String (1.4 2.1.4, case TC-141): the client asks for it and cannot decode it.

    So the answer is taken from the wire. A server that sends the structure that the client expects passes too.
    """
    wrapping = s.aes(256, active=True, masks=[Mask.WRAP_KEY])
    uid = s.aes(128)
    answer = s.record_answers()
    try:
        s.client.get(uid, key_wrapping_specification=wrap_with(wrapping))
    except ReadValueError as error:
        equal(str(error), 'Tried to read Base.type: expected 1, received 8')
    expect(KEY_WRAPPING_DATA in answer[-1], 'no Key Wrapping Data')
    wrapped = WRAPPED_KEY.search(answer[-1])
    expect(wrapped, 'no wrapped key of 24 bytes')
    key = s.client.get(wrapping).value
    equal(keywrap.aes_key_unwrap(key, wrapped[1]), s.client.get(uid).value, 'unwrapped')


@check()
def get_wrapped_by_an_unfit_key_is_refused(s):
    with refused(*s.reasons(WRONG_STATE)):
        s.client.get(s.aes(), key_wrapping_specification=wrap_with(s.aes(masks=[Mask.WRAP_KEY])))
    with refused(*s.reasons(UNFIT)):
        s.client.get(s.aes(), key_wrapping_specification=wrap_with(s.aes(active=True)))
    with refused(*s.reasons(NO_WRAPPING_KEY)):
        s.client.get(s.aes(), key_wrapping_specification=wrap_with('no-such-key'))


@check()
def life_cycle(s):
    uid = s.aes()
    equal(s.state(uid), State.PRE_ACTIVE)
    s.client.activate(uid)
    equal(s.state(uid), State.ACTIVE)
    expect(abs(s.read(uid, 'Activation Date')[0].value - time.time()) < 60, 'Activation Date is not now')
    s.client.revoke(Revocation.CESSATION_OF_OPERATION, uid, 'no longer needed')
    equal(s.state(uid), State.DEACTIVATED)
    s.client.destroy(uid)
    with refused(*s.reasons(DESTROYED)):
        s.client.get(uid)


@check()
def revoke_as_compromised(s):
    uid = s.aes(active=True)
    s.client.revoke(Revocation.KEY_COMPROMISE, uid, 'lost', compromise_occurrence_date=1_700_000_000)
    equal(s.state(uid), State.COMPROMISED)
    equal(s.read(uid, 'Compromise Occurrence Date')[0].value, 1_700_000_000)
    s.client.destroy(uid)


@check()
def destroy_a_pre_active_object(s):
    uid = s.aes()
    s.client.destroy(uid)
    expect(uid not in s.client.locate(), 'a destroyed key is located')


@check()
def destroy_of_an_active_key_is_refused(s):
    uid = s.aes(active=True)
    with refused(*s.reasons(WRONG_STATE)):
        s.client.destroy(uid)
    equal(s.state(uid), State.ACTIVE)


@check()
def activate_twice_is_refused(s):
    uid = s.aes(active=True)
    with refused(*s.reasons(WRONG_STATE)):
        s.client.activate(uid)


@check()
def unknown_object_is_Item_Not_Found(s):
    c = s.client
    calls = {
        'get': lambda: c.get('no-such-key'),
        'get_attributes': lambda: c.get_attributes('no-such-key', ['State']),
        'get_attribute_list': lambda: c.get_attribute_list('no-such-key'),
        'activate': lambda: c.activate('no-such-key'),
        'revoke': lambda: c.revoke(Revocation.UNSPECIFIED, 'no-such-key'),
        'destroy': lambda: c.destroy('no-such-key'),
        'rekey': lambda: c.rekey('no-such-key'),
    }
    for call in calls.values():
        with refused(*s.reasons(NOT_FOUND)):
            call()


@check()
def impossible_keys_are_refused(s):
    bad = (Reason.INVALID_FIELD, Reason.INVALID_MESSAGE, Reason.CRYPTOGRAPHIC_FAILURE, Reason.INVALID_ATTRIBUTE_VALUE)
    with refused(*bad):
        s.client.create(AES, 100)
    with refused(*bad):
        s.client.create_key_pair(Algorithm.RSA, 17)


@check()
def one_connection_outlives_failures(s):
    before = s.client.proxy.socket
    for _ in range(3):
        with refused(*s.reasons(NOT_FOUND)):
            s.client.get('no-such-key')
    equal(len(s.client.get(s.aes()).value), 32)
    expect(s.client.proxy.socket is before, 'the client had to reconnect')


@check()
def credential_beside_the_certificate(s):
    client = s.connect(username='someone', password='anything')
    uid = client.create(AES, 128)
    client.close()
    equal(len(s.client.get(uid).value), 16, 'the owner is who the certificate says')


@check()
def pinned_TLS_1_2(s):
    client = s.connect(ssl_version='PROTOCOL_TLSv1_2')
    equal(client.proxy.socket.version(), 'TLSv1.2')
    client.destroy(client.create(AES, 128))
    client.close()


@check(needs='other_cert')
def another_account_sees_nothing(s):
    name = s.name()
    uid = s.aes(name=name)
    other = s.connect(cert=s.options.other_cert, key=s.options.other_key)
    with refused(*s.reasons(NOT_FOUND)):
        other.get(uid)
    with refused(*s.reasons(NOT_FOUND)):
        other.destroy(uid)
    equal(other.locate(attributes=[s.attribute(enums.AttributeType.NAME, name)]), [])
    other.close()


@check()
def query_and_discover_versions(s):
    functions = [enums.QueryFunction.QUERY_OPERATIONS, enums.QueryFunction.QUERY_OBJECTS]
    answer = s.client.proxy.query(query_functions=functions)
    equal(answer.result_status.value, enums.ResultStatus.SUCCESS)
    expect(enums.Operation.GET in answer.operations, 'Get is not among the operations')
    expect(enums.ObjectType.SYMMETRIC_KEY in answer.object_types, 'Symmetric Key is not among the object types')
    if s.version >= '1.1':
        versions = [(v.major, v.minor) for v in s.client.proxy.discover_versions().protocol_versions]
        equal(versions, sorted(versions, reverse=True), 'newest first')
        expect((int(s.version[0]), int(s.version[2])) in versions, f'{s.version} is not in {versions}')


def wrap_with(uid):
    """RFC 3394 under key `uid`, the wrapped value being the key's bytes and no structure around them."""
    return {
        'wrapping_method': enums.WrappingMethod.ENCRYPT,
        'encryption_key_information': {
            'unique_identifier': uid,
            'cryptographic_parameters': {'block_cipher_mode': enums.BlockCipherMode.NIST_KEY_WRAP},
        },
        'encoding_option': enums.EncodingOption.NO_ENCODING,
    }


def rsa_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate():
    key = rsa_key()
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, 'pykmip.test')])
    start = datetime.datetime(2026, 1, 1)
    built = x509.CertificateBuilder(subject, subject, key.public_key(), 1, start, start.replace(year=2046))
    return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def load_public(key):
    return serialization.load_der_public_key(key.value)


def load_private(key):
    return serialization.load_der_private_key(key.value, None)


DER = serialization.Encoding.DER
PUBLIC_FORMS = {
    Format.PKCS_1: (DER, serialization.PublicFormat.PKCS1),
    Format.X_509: (DER, serialization.PublicFormat.SubjectPublicKeyInfo),
}
PRIVATE_FORMS = {
    Format.PKCS_1: serialization.PrivateFormat.TraditionalOpenSSL,
    Format.PKCS_8: serialization.PrivateFormat.PKCS8,
}
KEY_WRAPPING_DATA = bytes.fromhex('42004601')
# Key Value or Key Material, a Byte String of 24 bytes
WRAPPED_KEY = re.compile(rb'\x42\x00[\x43\x45]\x08\x00\x00\x00\x18(.{24})', re.DOTALL)
UNFIT = {
    '1': (Reason.PERMISSION_DENIED, Reason.ILLEGAL_OPERATION),
    '2': (Reason.PERMISSION_DENIED, Reason.ILLEGAL_OPERATION, Reason.INCOMPATIBLE_CRYPTOGRAPHIC_USAGE_MASK),
}
NO_WRAPPING_KEY = {
    '1': (Reason.ITEM_NOT_FOUND,),
    '2': (Reason.ITEM_NOT_FOUND, Reason.OBJECT_NOT_FOUND, Reason.WRAPPING_OBJECT_NOT_FOUND),
}

"""Derive Key by each method that pie can send; what it derives is computed here too."""

import hashlib
import hmac
import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from kmip.core import enums
from kmip.pie import objects

from checks import equal, refused
from pykmip_session import AES, NOT_FOUND, WRONG_USAGE, Mask, Reason, check

Algorithm = enums.CryptographicAlgorithm
Method = enums.DerivationMethod
SHA256 = {'hashing_algorithm': enums.HashingAlgorithm.SHA_256}


@check()
def derive_key_HASH(s):
    base, value = base_key(s)
    equal(derived(s, [base], Method.HASH, {'cryptographic_parameters': SHA256}), hashlib.sha256(value).digest())


@check()
def derive_key_HMAC(s):
    """1.4 4.6: an HMAC over the derivation data."""
    base, value = base_key(s, Algorithm.HMAC_SHA256)
    data = {'cryptographic_parameters': SHA256, 'derivation_data': b'label'}
    equal(derived(s, [base], Method.HMAC, data), hmac.digest(value, b'label', 'sha256'))


@check()
def derive_key_ENCRYPT(s):
    base, value = base_key(s)
    iv, data = os.urandom(16), os.urandom(32)
    parameters = {
        'cryptographic_parameters': {
            'block_cipher_mode': enums.BlockCipherMode.CBC, 'padding_method': enums.PaddingMethod.NONE,
            'cryptographic_algorithm': AES},
        'initialization_vector': iv, 'derivation_data': data,
    }
    expected = Cipher(algorithms.AES(value), modes.CBC(iv)).encryptor().update(data)
    equal(derived(s, [base], Method.ENCRYPT, parameters), expected)


@check()
def derive_key_PBKDF2_from_a_password(s):
    base = s.client.register(objects.SecretData(
        b'correct horse', enums.SecretDataType.PASSWORD, [Mask.DERIVE_KEY], s.name()))
    s.client.activate(base)
    parameters = {'cryptographic_parameters': SHA256, 'salt': b'NaCl-and-more', 'iteration_count': 1000}
    expected = hashlib.pbkdf2_hmac('sha256', b'correct horse', b'NaCl-and-more', 1000, 32)
    equal(derived(s, [base], Method.PBKDF2, parameters), expected)


@check()
def derive_key_of_a_length_that_no_cipher_takes(s):
    """As PyKMIP's own demo does: AES of 160 bits."""
    base, value = base_key(s)
    parameters = {
        'cryptographic_parameters': {'hashing_algorithm': enums.HashingAlgorithm.SHA_1}, 'salt': b'salt',
        'iteration_count': 4096}
    equal(derived(s, [base], Method.PBKDF2, parameters, 160), hashlib.pbkdf2_hmac('sha1', value, b'salt', 4096, 20))


@check()
def derive_key_NIST_800_108_counter(s):
    base, value = base_key(s)
    data = {'cryptographic_parameters': SHA256, 'derivation_data': b'label\0context'}
    blocks = [hmac.digest(value, n.to_bytes(4, 'big') + b'label\0context', 'sha256') for n in (1, 2)]
    equal(derived(s, [base], Method.NIST800_108_C, data, 512, Algorithm.HMAC_SHA512), b''.join(blocks))


@check(since='2.0')
def derive_key_HKDF(s):
    base, value = base_key(s)
    data = {'cryptographic_parameters': SHA256, 'salt': b'salt', 'derivation_data': b'info'}
    expected = HKDF(hashes.SHA256(), 32, b'salt', b'info').derive(value)
    equal(derived(s, [base], Method.HKDF, data), expected)


@check()
def derive_secret_data(s):
    base, value = base_key(s)
    uid = s.client.derive_key(
        enums.ObjectType.SECRET_DATA, [base], Method.HASH, {'cryptographic_parameters': SHA256},
        cryptographic_length=256, cryptographic_usage_mask=[Mask.VERIFY])
    got = s.client.get(uid)
    equal(type(got), objects.SecretData)
    equal(got.value, hashlib.sha256(value).digest())


@check()
def derive_key_refusals(s):
    base, _ = base_key(s)
    bad = (Reason.INVALID_FIELD, Reason.INVALID_MESSAGE, Reason.CRYPTOGRAPHIC_FAILURE, Reason.MISSING_DATA,
           Reason.BAD_CRYPTOGRAPHIC_PARAMETERS, Reason.INVALID_ATTRIBUTE_VALUE, Reason.INVALID_ATTRIBUTE)
    with refused(*bad):
        derived(s, [base], Method.HASH, {'cryptographic_parameters': SHA256}, length=512)
    with refused(*bad):
        derived(s, [base], Method.PBKDF2, {'cryptographic_parameters': SHA256, 'iteration_count': 1})
    with refused(*s.reasons(WRONG_USAGE), Reason.INVALID_FIELD):
        derived(s, [s.aes(active=True)], Method.HASH, {'cryptographic_parameters': SHA256})
    with refused(*s.reasons(NOT_FOUND)):
        derived(s, ['no-such-key'], Method.HASH, {'cryptographic_parameters': SHA256})


def base_key(s, algorithm=AES):
    """An active key that others may be derived from: its UID and its bytes."""
    value = os.urandom(32)
    uid = s.client.register(objects.SymmetricKey(algorithm, 256, value, [Mask.DERIVE_KEY], s.name()))
    s.client.activate(uid)
    return uid, value


def derived(s, uids, method, parameters, length=256, algorithm=AES):
    """The bytes of a key derived at the server."""
    uid = s.client.derive_key(
        enums.ObjectType.SYMMETRIC_KEY, uids, method, parameters, cryptographic_length=length,
        cryptographic_algorithm=algorithm, cryptographic_usage_mask=[Mask.ENCRYPT, Mask.DECRYPT])
    return s.client.get(uid).value

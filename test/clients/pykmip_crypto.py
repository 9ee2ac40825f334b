"""Encrypt, Decrypt, Sign, Signature Verify, MAC: each result is checked against Python's own cryptography."""

import os

from cryptography.hazmat.primitives import cmac, hashes, hmac, padding as block_padding, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from kmip.core import enums

from checks import equal, expect, refused
from pykmip_session import NOT_FOUND, WRONG_STATE, WRONG_USAGE, Mask, Reason, check

Algorithm = enums.CryptographicAlgorithm
Hash = enums.HashingAlgorithm
Mode = enums.BlockCipherMode
Padding = enums.PaddingMethod
Signature = enums.DigitalSignatureAlgorithm
Validity = enums.ValidityIndicator


@check(since='1.2')
def encrypt_CBC(s):
    for length in (128, 192, 256):
        uid, iv = s.aes(length, active=True), os.urandom(16)
        data, _ = s.client.encrypt(TEXT, uid, CBC, iv)
        padder = block_padding.PKCS7(128).padder()
        expected = encryptor(s, uid, modes.CBC(iv)).update(padder.update(TEXT) + padder.finalize())
        equal(data, expected)
        equal(s.client.decrypt(data, uid, CBC, iv), TEXT)


@check(since='1.2')
def encrypt_CBC_with_the_servers_IV(s):
    uid = s.aes(active=True)
    parameters = {**CBC, 'random_iv': True}
    first, iv = s.client.encrypt(TEXT, uid, parameters)
    second, iv2 = s.client.encrypt(TEXT, uid, parameters)
    equal((len(iv), len(iv2)), (16, 16))
    expect(iv != iv2 and first != second, 'the IV repeats')
    equal(s.client.decrypt(first, uid, CBC, iv), TEXT)


@check(since='1.2')
def encrypt_ECB_and_CTR(s):
    uid, block = s.aes(active=True), os.urandom(32)
    ecb = {'block_cipher_mode': Mode.ECB, 'padding_method': Padding.NONE, 'cryptographic_algorithm': Algorithm.AES}
    data, _ = s.client.encrypt(block, uid, ecb)
    equal(data, encryptor(s, uid, modes.ECB()).update(block))
    equal(s.client.decrypt(data, uid, ecb), block)
    counter = os.urandom(16)
    ctr = {'block_cipher_mode': Mode.CTR, 'cryptographic_algorithm': Algorithm.AES}
    data, _ = s.client.encrypt(TEXT, uid, ctr, counter)
    equal(data, encryptor(s, uid, modes.CTR(counter)).update(TEXT))
    equal(s.client.decrypt(data, uid, ctr, counter), TEXT)


@check(since='1.2')
def encrypt_Triple_DES(s):
    uid, iv = s.client.create(Algorithm.TRIPLE_DES, 192), os.urandom(8)
    s.client.activate(uid)
    parameters = {**CBC, 'cryptographic_algorithm': Algorithm.TRIPLE_DES}
    data, _ = s.client.encrypt(TEXT, uid, parameters, iv)
    padder = block_padding.PKCS7(64).padder()
    key = algorithms.TripleDES(s.client.get(uid).value)
    equal(data, Cipher(key, modes.CBC(iv)).encryptor().update(padder.update(TEXT) + padder.finalize()))
    equal(s.client.decrypt(data, uid, parameters, iv), TEXT)


@check(since='1.4')
def encrypt_GCM(s):
    """pie's Encrypt drops the tag: the answer must decode all the same, and its data is compared without a tag."""
    uid, nonce = s.aes(active=True), os.urandom(12)
    parameters = {'block_cipher_mode': Mode.GCM, 'cryptographic_algorithm': Algorithm.AES, 'tag_length': 16}
    data, _ = s.client.encrypt(TEXT, uid, parameters, nonce)
    equal(data, AESGCM(s.client.get(uid).value).encrypt(nonce, TEXT, None)[:-16])
    with refused(*NO_TAG):
        s.client.decrypt(data, uid, parameters, nonce)


@check(until='1.1')
def cryptography_is_no_operation_before_1_2(s):
    uid = s.aes(active=True)
    for call in (lambda: s.client.encrypt(TEXT, uid, CBC, bytes(16)), lambda: s.client.decrypt(bytes(16), uid, CBC),
                 lambda: s.client.sign(TEXT, uid), lambda: s.client.mac(TEXT, uid, Algorithm.HMAC_SHA256)):
        with refused(Reason.OPERATION_NOT_SUPPORTED):
            call()


@check(since='1.2')
def encryption_follows_the_life_cycle(s):
    uid, iv = s.aes(), bytes(16)
    with refused(*s.reasons(WRONG_STATE)):
        s.client.encrypt(TEXT, uid, CBC, iv)
    with refused(*s.reasons(WRONG_STATE)):
        s.client.decrypt(bytes(16), uid, CBC, iv)
    s.client.activate(uid)
    data, _ = s.client.encrypt(TEXT, uid, CBC, iv)
    equal(s.client.decrypt(data, uid, CBC, iv), TEXT)
    s.client.revoke(enums.RevocationReasonCode.CESSATION_OF_OPERATION, uid)
    with refused(*s.reasons(WRONG_STATE)):
        s.client.encrypt(TEXT, uid, CBC, iv)


@check(since='1.2')
def encryption_refusals(s):
    hmac_key = s.client.create(Algorithm.HMAC_SHA256, 256, cryptographic_usage_mask=[Mask.MAC_GENERATE])
    s.client.activate(hmac_key)
    wrong = (Reason.INVALID_FIELD, Reason.INVALID_MESSAGE, Reason.CRYPTOGRAPHIC_FAILURE, Reason.PERMISSION_DENIED,
             Reason.FEATURE_NOT_SUPPORTED, Reason.BAD_CRYPTOGRAPHIC_PARAMETERS,
             Reason.UNSUPPORTED_CRYPTOGRAPHIC_PARAMETERS, Reason.MISSING_INITIALIZATION_VECTOR)
    with refused(*wrong):
        s.client.encrypt(TEXT, hmac_key, CBC, bytes(16))
    uid = s.aes(active=True)
    with refused(*wrong):
        s.client.encrypt(TEXT, uid, CBC, bytes(7))
    with refused(*wrong):
        s.client.decrypt(os.urandom(17), uid, CBC, bytes(16))
    with refused(*s.reasons(NOT_FOUND)):
        s.client.encrypt(TEXT, 'no-such-key', CBC, bytes(16))


@check(since='1.2')
def encrypt_RSA(s):
    public, private = key_pair(s, Mask.ENCRYPT, Mask.DECRYPT)
    for parameters, ours in ((OAEP, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)),
                             (PKCS1, padding.PKCS1v15())):
        data, _ = s.client.encrypt(TEXT, public, parameters)
        equal(private_key(s, private).decrypt(data, ours), TEXT)
        equal(s.client.decrypt(data, private, parameters), TEXT)


@check(since='1.2')
def sign_RSA(s):
    public, private = key_pair(s, Mask.VERIFY, Mask.SIGN)
    verifier = private_key(s, private).public_key()
    for parameters, ours, digest in SIGNATURES:
        signature = s.client.sign(TEXT, private, parameters)
        verifier.verify(signature, TEXT, ours, digest)
        equal(s.client.signature_verify(TEXT, signature, public, parameters), Validity.VALID)
        equal(s.client.signature_verify(TEXT + b'x', signature, public, parameters), Validity.INVALID)


@check(since='1.2')
def verify_a_signature_of_our_own(s):
    public, private = key_pair(s, Mask.VERIFY, Mask.SIGN)
    for parameters, ours, digest in SIGNATURES:
        signature = private_key(s, private).sign(TEXT, ours, digest)
        equal(s.client.signature_verify(TEXT, signature, public, parameters), Validity.VALID)
        broken = signature[:-1] + bytes([signature[-1] ^ 1])
        equal(s.client.signature_verify(TEXT, broken, public, parameters), Validity.INVALID)


@check(since='1.2')
def sign_refusals(s):
    public, private = key_pair(s, Mask.ENCRYPT, Mask.DECRYPT)
    with refused(*s.reasons(WRONG_USAGE)):
        s.client.sign(TEXT, private, SIGNATURES[0][0])
    idle = s.client.create_key_pair(
        Algorithm.RSA, 2048, public_usage_mask=[Mask.VERIFY], private_usage_mask=[Mask.SIGN])[1]
    with refused(*s.reasons(WRONG_STATE)):
        s.client.sign(TEXT, idle, SIGNATURES[0][0])
    with refused(*s.reasons(NOT_FOUND)):
        s.client.sign(TEXT, 'no-such-key', SIGNATURES[0][0])


@check(since='1.2')
def mac_HMAC(s):
    for algorithm, digest in HMACS:
        uid = s.client.create(algorithm, 256, cryptographic_usage_mask=[Mask.MAC_GENERATE, Mask.MAC_VERIFY])
        s.client.activate(uid)
        ours = hmac.HMAC(s.client.get(uid).value, digest)
        ours.update(TEXT)
        equal(s.client.mac(TEXT, uid, algorithm), (uid, ours.finalize()))


@check(since='1.2')
def mac_CMAC(s):
    uid = s.aes(active=True, masks=[Mask.MAC_GENERATE])
    ours = cmac.CMAC(algorithms.AES(s.client.get(uid).value))
    ours.update(TEXT)
    equal(s.client.mac(TEXT, uid, Algorithm.AES), (uid, ours.finalize()))


@check(since='1.2')
def mac_with_the_keys_own_algorithm(s):
    uid = s.client.create(Algorithm.HMAC_SHA512, 512, cryptographic_usage_mask=[Mask.MAC_GENERATE])
    s.client.activate(uid)
    ours = hmac.HMAC(s.client.get(uid).value, hashes.SHA512())
    ours.update(TEXT)
    equal(s.client.mac(TEXT, uid), (uid, ours.finalize()))


@check(since='1.2')
def mac_refusals(s):
    uid = s.client.create(Algorithm.HMAC_SHA256, 256, cryptographic_usage_mask=[Mask.MAC_GENERATE])
    with refused(*s.reasons(WRONG_STATE)):
        s.client.mac(TEXT, uid, Algorithm.HMAC_SHA256)
    with refused(*s.reasons(WRONG_USAGE)):
        s.client.mac(TEXT, s.aes(active=True), Algorithm.AES)


def encryptor(s, uid, mode):
    return Cipher(algorithms.AES(s.client.get(uid).value), mode).encryptor()


def key_pair(s, public_mask, private_mask):
    """An active RSA key pair."""
    pair = s.client.create_key_pair(
        Algorithm.RSA, 2048, public_usage_mask=[public_mask], private_usage_mask=[private_mask])
    for uid in pair:
        s.client.activate(uid)
    return pair


def private_key(s, uid):
    return serialization.load_der_private_key(s.client.get(uid).value, None)


TEXT = b'the quick brown fox jumps over the lazy dog'
CBC = {
    'block_cipher_mode': Mode.CBC, 'padding_method': Padding.PKCS5, 'cryptographic_algorithm': Algorithm.AES,
}
OAEP = {
    'padding_method': Padding.OAEP, 'hashing_algorithm': Hash.SHA_256, 'cryptographic_algorithm': Algorithm.RSA,
}
PKCS1 = {'padding_method': Padding.PKCS1v15, 'cryptographic_algorithm': Algorithm.RSA}
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO)
SIGNATURES = [
    ({'digital_signature_algorithm': Signature.SHA256_WITH_RSA_ENCRYPTION}, padding.PKCS1v15(), hashes.SHA256()),
    ({'digital_signature_algorithm': Signature.SHA512_WITH_RSA_ENCRYPTION}, padding.PKCS1v15(), hashes.SHA512()),
    ({'cryptographic_algorithm': Algorithm.RSA, 'hashing_algorithm': Hash.SHA_256,
      'padding_method': Padding.PKCS1v15}, padding.PKCS1v15(), hashes.SHA256()),
]
HMACS = [
    (Algorithm.HMAC_SHA1, hashes.SHA1()), (Algorithm.HMAC_SHA256, hashes.SHA256()),
    (Algorithm.HMAC_SHA384, hashes.SHA384()), (Algorithm.HMAC_SHA512, hashes.SHA512()),
]
NO_TAG = (Reason.INVALID_FIELD, Reason.INVALID_MESSAGE, Reason.MISSING_DATA, Reason.CRYPTOGRAPHIC_FAILURE,
          Reason.BAD_CRYPTOGRAPHIC_PARAMETERS)

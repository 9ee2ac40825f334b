"""OpenStack Barbican's KMIP secret store, unmodified: each kind of secret is generated, stored, fetched, deleted.

usage: /usr/bin/python3 barbican_store.py --host H --port P --ca CA --cert C --key K
"""

import base64
import logging
import os
import pathlib
import shutil
import sys
import tempfile
import warnings

warnings.filterwarnings('ignore')

import checks  # noqa: E402

options = checks.arguments(__doc__)
sys.argv[1:] = []  # Barbican parses the command line itself when it is imported

from barbican.plugin import kmip_secret_store  # noqa: E402
from barbican.plugin.interface import secret_store as interface  # noqa: E402
from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: E402

logging.disable(logging.CRITICAL)

Kind = interface.SecretType
Algorithm = interface.KeyAlgorithm


def main():
    report = checks.Report()
    with tempfile.TemporaryDirectory() as directory:
        plugin = store(pathlib.Path(directory))
        report.run('generate_symmetric_key', generates_symmetric, plugin)
        report.run('generate_asymmetric_key', generates_asymmetric, plugin)
        for kind, secret, spec in secrets():
            report.run(f'store, get and delete {kind}', keeps, plugin, kind, secret, spec)
        report.run('two secrets of one constant name', two_of_a_name, plugin)
    report.exit()


def store(folder):
    """The plugin, configured as in barbican.conf; it refuses a key file that others may read."""
    key = folder / 'key.pem'
    shutil.copy(options.key, key)
    os.chmod(key, 0o400)
    settings = {
        'host': options.host, 'port': str(options.port), 'ca_certs': options.ca, 'certfile': options.cert,
        'keyfile': str(key), 'username': 'barbican', 'password': 'anything',
    }
    for name, value in settings.items():
        kmip_secret_store.CONF.set_override(name, value, group='kmip_plugin')
    return kmip_secret_store.KMIPSecretStore(kmip_secret_store.CONF)


def generates_symmetric(plugin):
    for algorithm, length in ((Algorithm.AES, 128), (Algorithm.AES, 256), (Algorithm.DESEDE, 192)):
        metadata = plugin.generate_symmetric_key(interface.KeySpec(algorithm, length))
        secret = plugin.get_secret(Kind.SYMMETRIC, metadata)
        checks.equal(len(base64.b64decode(secret.secret)) * 8, length)
        checks.equal((secret.key_spec.alg, secret.key_spec.bit_length), (algorithm, length))
        deletes(plugin, Kind.SYMMETRIC, metadata)


def generates_asymmetric(plugin):
    """No usage mask is sent; what comes back, Barbican turns into PEM itself."""
    pair = plugin.generate_asymmetric_key(interface.KeySpec(Algorithm.RSA, 2048))
    private, public = [
        base64.b64decode(plugin.get_secret(kind, metadata).secret)
        for kind, metadata in ((Kind.PRIVATE, pair.private_key_meta), (Kind.PUBLIC, pair.public_key_meta))]
    checks.equal(
        serialization.load_pem_private_key(private, None).public_key().public_numbers(),
        serialization.load_pem_public_key(public).public_numbers())
    deletes(plugin, Kind.PRIVATE, pair.private_key_meta)
    deletes(plugin, Kind.PUBLIC, pair.public_key_meta)


def keeps(plugin, kind, secret, spec):
    sent = base64.b64encode(secret)
    metadata = plugin.store_secret(interface.SecretDTO(kind, sent, spec, None))
    got = plugin.get_secret(kind, metadata)
    checks.equal(base64.b64decode(got.secret).strip(), secret.strip())
    if spec.alg:
        checks.equal((got.key_spec.alg, got.key_spec.bit_length), (spec.alg, spec.bit_length))
    deletes(plugin, kind, metadata)


def two_of_a_name(plugin):
    spec = interface.KeySpec(Algorithm.AES, 128)
    metadata = [plugin.store_secret(interface.SecretDTO(Kind.SYMMETRIC, base64.b64encode(v), spec, None))
                for v in (bytes(16), bytes(range(16)))]
    values = [base64.b64decode(plugin.get_secret(Kind.SYMMETRIC, m).secret) for m in metadata]
    checks.equal(values, [bytes(16), bytes(range(16))])


def deletes(plugin, kind, metadata):
    plugin.delete_secret(metadata)
    try:
        plugin.get_secret(kind, metadata)
    except interface.SecretGeneralException:
        return
    raise AssertionError('a deleted secret came back')


def secrets():
    """Kind, bytes as Barbican's API takes them, key specification."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    pair = interface.KeySpec(Algorithm.RSA, 2048)
    return [
        (Kind.SYMMETRIC, bytes(range(32)), interface.KeySpec(Algorithm.AES, 256)),
        (Kind.PRIVATE, private, pair),
        (Kind.PUBLIC, public, pair),
        (Kind.CERTIFICATE, pathlib.Path(options.cert).read_bytes(), interface.KeySpec()),
        (Kind.PASSPHRASE, b'correct horse battery staple', interface.KeySpec()),
        (Kind.OPAQUE, b'\x00\x01 anything \xff', interface.KeySpec()),
    ]


if __name__ == '__main__':
    main()

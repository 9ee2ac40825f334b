"""OpenStack Swift's KMIP keymaster, unmodified: it loads its root secret through Get when the proxy starts.

usage: /usr/bin/python3 swift_keymaster.py --host H --port P --ca CA --cert C --key K
"""

import logging
import pathlib
import tempfile
import warnings

warnings.filterwarnings('ignore')
logging.disable(logging.CRITICAL)

from kmip.core import enums  # noqa: E402
from kmip.pie.client import ProxyKmipClient  # noqa: E402
from paste.deploy import loadfilter  # noqa: E402

import checks  # noqa: E402


def main():
    options = checks.arguments(__doc__)
    report = checks.Report()
    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory)
        report.run('loads an active root secret', loads, options, folder, True)
        report.run('loads a pre-active root secret', loads, options, folder, False)
        report.run('sends user name and password', loads, options, folder, True, 'username = swift\npassword = x\n')
        report.run('refuses a key of the wrong length', refuses_short, options, folder)
        report.run('reports an unknown key', refuses_unknown, options, folder)
    report.exit()


def loads(options, folder, active, more=''):
    uid, value = create(options, 256, active)
    secrets = keymaster(options, folder, uid, more)._root_secrets
    checks.equal(secrets, {None: value})


def refuses_short(options, folder):
    uid, _ = create(options, 128, True)
    try:
        keymaster(options, folder, uid)
    except ValueError as error:
        checks.expect('AES-256' in str(error), str(error))
    else:
        raise AssertionError('a 128-bit root secret was accepted')


def refuses_unknown(options, folder):
    try:
        keymaster(options, folder, 'no-such-key')
    except Exception as error:
        checks.equal(getattr(error, 'reason', None), enums.ResultReason.ITEM_NOT_FOUND)
    else:
        raise AssertionError('an unknown root secret was accepted')


def create(options, length, active):
    """An AES key made with PyKMIP: its UID and its bytes."""
    with ProxyKmipClient(
            hostname=options.host, port=options.port, ca=options.ca, cert=options.cert, key=options.key) as client:
        uid = client.create(enums.CryptographicAlgorithm.AES, length, name='swift root secret')
        if active:
            client.activate(uid)
        return uid, client.get(uid).value


def keymaster(options, folder, uid, more=''):
    """Swift's filter, loaded from its two configuration files as a proxy server would do it."""
    config = folder / 'keymaster.conf'
    config.write_text(
        f'[kmip_keymaster]\nkey_id = {uid}\nhost = {options.host}\nport = {options.port}\n'
        f'certfile = {options.cert}\nkeyfile = {options.key}\nca_certs = {options.ca}\n{more}')
    paste = folder / 'proxy.conf'
    paste.write_text(
        f'[filter:kmip_keymaster]\nuse = egg:swift#kmip_keymaster\nkeymaster_config_path = {config}\n')
    return loadfilter(f'config:{paste}', 'kmip_keymaster')(lambda environ, start: None)


if __name__ == '__main__':
    main()

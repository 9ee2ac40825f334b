"""Drives PyKMIP's pie client (ProxyKmipClient) through everything that it offers, at one protocol version.

usage: /usr/bin/python3 pykmip.py --host H --port P --ca CA --cert C --key K --kmip 1.2
       [--other-cert C --other-key K]   a caller of another account, for whom nothing here exists
       [--only TEXT]                    only the checks whose name contains it
"""

import logging
import sys
import warnings

warnings.filterwarnings('ignore')
logging.disable(logging.CRITICAL)

import checks  # noqa: E402
import pykmip_attributes  # noqa: E402
import pykmip_cmk  # noqa: E402
import pykmip_crypto  # noqa: E402
import pykmip_derive  # noqa: E402
import pykmip_import  # noqa: E402
import pykmip_locate  # noqa: E402
import pykmip_objects  # noqa: E402
from pykmip_session import Session  # noqa: E402

MODULES = (pykmip_objects, pykmip_attributes, pykmip_locate, pykmip_crypto, pykmip_derive, pykmip_cmk,
           pykmip_import)


def main():
    options = checks.arguments(
        __doc__,
        kmip={'default': '1.2', 'choices': ['1.0', '1.1', '1.2', '1.3', '1.4', '2.0']},
        other_cert={},
        other_key={},
        only={'default': ''},
    )
    session = Session(options)
    report = checks.Report(f'{options.kmip} ')
    for check in every_check():
        name = check.__name__.replace('_', ' ')
        if options.only not in name or not check.applies(session):
            continue
        report.run(name, check, session, after=session.reconnect)
    session.close()
    report.exit()


def every_check():
    for module in MODULES:
        yield from (f for f in vars(module).values() if hasattr(f, 'applies'))


if __name__ == '__main__':
    sys.exit(main())

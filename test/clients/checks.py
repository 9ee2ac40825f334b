"""What every Python driver here shares: arguments, one JSON line per check, exit code 1 on a failure.

A check is a function; its name and its doc string say what is promised. It fails by raising.
"""

import argparse
import contextlib
import json
import sys
import traceback


def arguments(description, **more):
    """Parse the connection arguments; `more` maps further option names to their argparse keywords."""
    parser = argparse.ArgumentParser(description=description)
    for name in ('host', 'port', 'ca', 'cert', 'key'):
        parser.add_argument(f'--{name}', required=True, type=int if name == 'port' else str)
    for name, options in more.items():
        parser.add_argument(f'--{name.replace("_", "-")}', **options)
    return parser.parse_args()


class Report:
    """Runs checks, prints one JSON line for each, and remembers whether any failed."""

    def __init__(self, prefix=''):
        self.prefix = prefix
        self.failed = 0

    def run(self, name, check, *parameters, after=None):
        """Run one check; `after` is called when it failed, to leave no broken connection behind."""
        detail, ok = '', True
        try:
            detail = check(*parameters) or ''
        except Exception as error:  # every kind of failure is a line of the report
            ok, detail = False, _explain(error)
            if after:
                after()
        self.failed += not ok
        print(json.dumps({'name': self.prefix + name, 'ok': ok, 'detail': str(detail)[:800]}), flush=True)
        return ok

    def exit(self):
        sys.exit(1 if self.failed else 0)


def expect(condition, message):
    """`assert` that python -O cannot remove."""
    if not condition:
        raise AssertionError(message)


def equal(actual, expected, what='value'):
    expect(actual == expected, f'{what}: got {actual!r}, expected {expected!r}')


@contextlib.contextmanager
def refused(*reasons):
    """The block must be refused by the server with one of the Result Reasons and a non-empty message."""
    try:
        yield
    except Exception as error:
        reason = getattr(error, 'reason', None)
        if reason is None:
            raise
        expect(reason in reasons, f'refused with {reason.name} ({error}), expected {[r.name for r in reasons]}')
        expect(str(error).split(' - ', 1)[-1].strip() not in ('', 'None'), f'no Result Message: {error}')
        return
    raise AssertionError(f'not refused, expected {[r.name for r in reasons]}')


def _explain(error):
    frames = traceback.extract_tb(error.__traceback__)
    where = next((f for f in reversed(frames) if '/test/clients/' in f.filename), frames[-1])
    return f'{type(error).__name__}: {error} ({where.filename.rsplit("/", 1)[-1]}:{where.lineno})'

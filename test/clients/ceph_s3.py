"""S3 with server-side encryption through Ceph's object gateway, whose keys the KMIP server holds.

usage: started by ceph.ts, which runs the cluster:
       /usr/bin/python3 ceph_s3.py --endpoint URL --template 'ceph-$keyid' --host H --port P --ca CA --cert C --key K
"""

import concurrent.futures
import logging
import os
import time
import warnings

warnings.filterwarnings('ignore')
logging.disable(logging.CRITICAL)

import boto3  # noqa: E402
from botocore.config import Config  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402
from kmip.core import enums  # noqa: E402
from kmip.pie.client import ProxyKmipClient  # noqa: E402

import checks  # noqa: E402

BUCKET = 'bucket1'


def main():
    options = checks.arguments(__doc__, endpoint={'required': True}, template={'required': True})
    s3 = boto3.client(
        's3', endpoint_url=options.endpoint, region_name='us-east-1', aws_access_key_id='AKTEST',
        aws_secret_access_key='SKTEST', config=Config(signature_version='s3v4', retries={'max_attempts': 1}))
    s3.create_bucket(Bucket=BUCKET)
    make_key(options, 'mykey')
    report = checks.Report()
    report.run('puts and gets an object under a key of the server', put_and_get, s3)
    report.run('puts and gets 40 objects, eight at a time', many_at_once, s3)
    report.run('puts and gets under another key', other_key, s3, options)
    report.run('refuses a key that is not there, and goes on', unknown_key, s3)
    report.run('goes on after its connections were idle', idle, s3)
    report.run('cannot read when the key was destroyed', destroyed_key, s3, options)
    report.exit()


def put_and_get(s3):
    put(s3, 'one', b'plain text')
    answer = s3.get_object(Bucket=BUCKET, Key='one')
    checks.equal(answer['Body'].read(), b'plain text')
    checks.equal((answer['ServerSideEncryption'], answer['SSEKMSKeyId']), ('aws:kms', 'mykey'))


def many_at_once(s3):
    bodies = {f'many-{n}': os.urandom(2000 + n) for n in range(40)}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda item: put(s3, *item), bodies.items()))
        got = dict(zip(bodies, pool.map(lambda name: get(s3, name), bodies)))
    checks.equal(got, bodies)


def other_key(s3, options):
    make_key(options, 'second')
    put(s3, 'two', b'second', 'second')
    checks.equal((get(s3, 'one'), get(s3, 'two')), (b'plain text', b'second'))


def unknown_key(s3):
    try:
        put(s3, 'three', b'x', 'no-such-key')
    except ClientError as error:
        checks.equal(error.response['Error']['Code'], 'NoSuchKey')
    else:
        raise AssertionError('an unknown key was accepted')
    checks.equal(get(s3, 'one'), b'plain text')


def idle(s3):
    """The gateway keeps its connections some seconds, and reuses one without looking whether it is still open."""
    for seconds in (2, 8):
        time.sleep(seconds)
        checks.equal(get(s3, 'one'), b'plain text')


def destroyed_key(s3, options):
    uid = make_key(options, 'short-lived')
    put(s3, 'four', b'x', 'short-lived')
    with connection(options) as client:
        client.revoke(enums.RevocationReasonCode.CESSATION_OF_OPERATION, uid)
        client.destroy(uid)
    try:
        get(s3, 'four')
    except ClientError:
        return
    raise AssertionError('the object is readable without its key')


def put(s3, name, body, key='mykey'):
    s3.put_object(Bucket=BUCKET, Key=name, Body=body, ServerSideEncryption='aws:kms', SSEKMSKeyId=key)


def get(s3, name):
    return s3.get_object(Bucket=BUCKET, Key=name)['Body'].read()


def make_key(options, keyid):
    """An active AES-256 key under the name that the gateway makes of `keyid`; its UID."""
    with connection(options) as client:
        uid = client.create(
            enums.CryptographicAlgorithm.AES, 256, name=options.template.replace('$keyid', keyid))
        client.activate(uid)
        return uid


def connection(options):
    return ProxyKmipClient(
        hostname=options.host, port=options.port, ca=options.ca, cert=options.cert, key=options.key)


if __name__ == '__main__':
    main()

"""Locate: every filter that pie can send, paging, order."""

import time

from kmip.core import enums
from kmip.pie import objects

from checks import equal, expect
from pykmip_objects import certificate
from pykmip_session import AES, Mask, check

Attribute = enums.AttributeType


@check()
def locate_without_filter_finds_all(s):
    uids = {s.aes(), s.aes()}
    expect(uids <= set(s.client.locate()), 'a new key is not found')


@check()
def locate_by_name(s):
    name = s.name()
    uid = s.aes(name=name)
    equal(find(s, (Attribute.NAME, name)), [uid])
    equal(find(s, (Attribute.NAME, name + 'x')), [])
    equal(find(s, (Attribute.NAME, name[:-1])), [], 'a name is no prefix')


@check()
def locate_by_each_attribute(s):
    """One key; with its Name and its own value it is found, with its Name and another value it is not."""
    now = int(time.time())
    name = s.name()
    uid = s.aes(128, name=name, active=True)
    activation = s.read(uid, 'Activation Date')[0].value
    initial = s.read(uid, 'Initial Date')[0].value
    table = [
        (Attribute.UNIQUE_IDENTIFIER, uid, 'no-such-key'),
        (Attribute.OBJECT_TYPE, enums.ObjectType.SYMMETRIC_KEY, enums.ObjectType.PUBLIC_KEY),
        (Attribute.CRYPTOGRAPHIC_ALGORITHM, AES, enums.CryptographicAlgorithm.RSA),
        (Attribute.CRYPTOGRAPHIC_LENGTH, 128, 256),
        (Attribute.CRYPTOGRAPHIC_USAGE_MASK, [Mask.ENCRYPT, Mask.DECRYPT], [Mask.ENCRYPT, Mask.SIGN]),
        (Attribute.STATE, enums.State.ACTIVE, enums.State.PRE_ACTIVE),
        (Attribute.INITIAL_DATE, initial, initial - 5000),
        (Attribute.ACTIVATION_DATE, activation, activation - 5000),
        (Attribute.DEACTIVATION_DATE, None, now),
        (Attribute.CONTACT_INFORMATION, None, 'nobody'),
    ]
    for kind, own, other in table:
        if own is not None:
            equal(find(s, (Attribute.NAME, name), (kind, own)), [uid], f'by its {kind.value}')
        equal(find(s, (Attribute.NAME, name), (kind, other)), [], f'by another {kind.value}')


@check()
def locate_by_part_of_the_usage_mask(s):
    name = s.name()
    uid = s.aes(name=name)
    equal(find(s, (Attribute.NAME, name), (Attribute.CRYPTOGRAPHIC_USAGE_MASK, [Mask.ENCRYPT])), [uid])


@check()
def locate_by_a_range_of_dates(s):
    name = s.name()
    uid = s.aes(name=name)
    initial = s.read(uid, 'Initial Date')[0].value
    by = (Attribute.NAME, name)
    equal(find(s, by, (Attribute.INITIAL_DATE, initial - 60), (Attribute.INITIAL_DATE, initial + 60)), [uid])
    equal(find(s, by, (Attribute.INITIAL_DATE, initial - 60), (Attribute.INITIAL_DATE, initial - 30)), [])


@check()
def locate_by_object_group(s):
    group, name = s.name('group'), s.name()
    uids = [s.create_with(s.attribute(Attribute.OBJECT_GROUP, group)) for _ in range(3)]
    s.create_with(s.attribute(Attribute.OBJECT_GROUP, group + 'x'), s.attribute(Attribute.NAME, name))
    equal(set(find(s, (Attribute.OBJECT_GROUP, group))), set(uids))
    equal(find(s, (Attribute.OBJECT_GROUP, group), (Attribute.NAME, name)), [])


@check()
def locate_by_application_specific_information(s):
    info = {'application_namespace': 'ssl', 'application_data': s.name('www')}
    uid = s.create_with(s.attribute(Attribute.APPLICATION_SPECIFIC_INFORMATION, info))
    equal(find(s, (Attribute.APPLICATION_SPECIFIC_INFORMATION, info)), [uid])
    other = {**info, 'application_data': 'other'}
    equal(find(s, (Attribute.NAME, s.name()), (Attribute.APPLICATION_SPECIFIC_INFORMATION, other)), [])


@check()
def locate_by_contact_information(s):
    contact = s.name('contact')
    uid = s.create_with(s.attribute(Attribute.CONTACT_INFORMATION, contact))
    equal(find(s, (Attribute.CONTACT_INFORMATION, contact)), [uid])


@check(until='1.4')
def locate_by_operation_policy_name(s):
    name = s.name()
    uid = s.client.create(AES, 128, operation_policy_name='default', name=name)
    by = (Attribute.NAME, name)
    equal(find(s, by, (Attribute.OPERATION_POLICY_NAME, 'default')), [uid])
    equal(find(s, by, (Attribute.OPERATION_POLICY_NAME, 'other')), [])


@check(until='1.4')
def locate_by_custom_attribute(s):
    value = s.name('drive')
    uid = s.create_with(s.attribute('x-DriveID', value), s.attribute('x-SystemID', 'array-1'))
    equal(find(s, ('x-DriveID', value)), [uid])
    equal(find(s, ('x-DriveID', value), ('x-SystemID', 'array-1')), [uid])
    equal(find(s, ('x-DriveID', value), ('x-SystemID', 'array-2')), [])
    equal([v.value for v in s.read(uid, 'x-SystemID')], ['array-1'])


@check()
def locate_by_cryptographic_parameters(s):
    name = s.name()
    cbc = {'block_cipher_mode': enums.BlockCipherMode.CBC, 'padding_method': enums.PaddingMethod.PKCS5}
    uid = s.create_with(s.attribute(Attribute.NAME, name), s.attribute(Attribute.CRYPTOGRAPHIC_PARAMETERS, cbc))
    by = (Attribute.NAME, name)
    equal(find(s, by, (Attribute.CRYPTOGRAPHIC_PARAMETERS, cbc)), [uid])
    gcm = {'block_cipher_mode': enums.BlockCipherMode.GCM}
    equal(find(s, by, (Attribute.CRYPTOGRAPHIC_PARAMETERS, gcm)), [])


@check(since='1.4')
def locate_by_sensitive(s):
    name = s.name()
    uid = s.create_with(s.attribute(Attribute.NAME, name), s.attribute(Attribute.SENSITIVE, True))
    equal(find(s, (Attribute.NAME, name), (Attribute.SENSITIVE, True)), [uid])
    equal(find(s, (Attribute.NAME, name), (Attribute.SENSITIVE, False)), [])


@check()
def locate_by_certificate_type(s):
    name = s.name()
    uid = s.client.register(objects.X509Certificate(certificate(), [Mask.VERIFY], name))
    by = (Attribute.NAME, name)
    equal(find(s, by, (Attribute.CERTIFICATE_TYPE, enums.CertificateType.X_509)), [uid])
    equal(find(s, by, (Attribute.CERTIFICATE_TYPE, enums.CertificateType.PGP)), [])


@check()
def locate_pages(s):
    group = s.name('group')
    uids = {s.create_with(s.attribute(Attribute.OBJECT_GROUP, group)) for _ in range(5)}
    by = [s.attribute(Attribute.OBJECT_GROUP, group)]
    equal(len(s.client.locate(maximum_items=2, attributes=by)), 2)
    everything = s.client.locate(attributes=by)
    equal(set(everything), uids)
    equal(s.client.locate(attributes=by), everything, 'the order')
    if s.version >= '1.3':  # the client writes Offset Items since then only
        pages = [s.client.locate(maximum_items=2, offset_items=n, attributes=by) for n in (0, 2, 4, 6)]
        equal([len(p) for p in pages], [2, 2, 1, 0])
        equal(sum(pages, []), everything, 'the pages')


@check()
def locate_by_storage_status(s):
    by = [s.attribute(Attribute.NAME, s.name())]
    uid = s.create_with(*by)
    online, archived = enums.StorageStatusMask.ONLINE_STORAGE.value, enums.StorageStatusMask.ARCHIVAL_STORAGE.value
    equal(s.client.locate(storage_status_mask=online, attributes=by), [uid])
    equal(s.client.locate(storage_status_mask=archived, attributes=by), [])


@check(since='1.1')
def locate_by_group_member(s):
    group = s.name('group')
    uid = s.create_with(s.attribute(Attribute.OBJECT_GROUP, group))
    found = s.client.locate(
        object_group_member=enums.ObjectGroupMember.GROUP_MEMBER_FRESH,
        attributes=[s.attribute(Attribute.OBJECT_GROUP, group)])
    expect(found in ([], [uid]), f'found {found}')


def find(s, *filters):
    return s.client.locate(attributes=[s.attribute(kind, value) for kind, value in filters])

"""Material of one's own for a customer master key: by attributes, and Register with Key Wrapping Data."""

import base64
import secrets

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from kmip.core import enums, objects
from kmip.pie import objects as pie_objects
from kmip.pie.exceptions import KmipOperationFailure

from checks import equal, refused
from pykmip_cmk import CBC, create, custom, set_
from pykmip_session import WRONG_STATE, Mask, Reason, check


@check(since='1.2', until='1.4')
def cmk_takes_material_of_ones_own(s):
    uid = create(s.client, {'cmk-origin': 'EXTERNAL'})
    with refused(*s.reasons(WRONG_STATE)):
        s.client.encrypt(b'data', uid, CBC)
    material = secrets.token_bytes(32)
    equal(register(s, parameters(s, uid), material), uid)
    sealed, iv = s.client.encrypt(b'data', uid, CBC)
    set_(s, uid, 'cmk-material-present', False)
    with refused(*s.reasons(WRONG_STATE)):
        s.client.decrypt(sealed, uid, CBC, iv)
    told = parameters(s, uid)
    with refused(Reason.CRYPTOGRAPHIC_FAILURE):
        register(s, told, secrets.token_bytes(32))
    with refused(Reason.CRYPTOGRAPHIC_FAILURE):
        register(s, {**told, 'token': uid + '.' + 'A' * 43}, material)
    equal(register(s, told, material), uid)
    equal(s.client.decrypt(sealed, uid, CBC, iv), b'data')


def parameters(s, uid):
    set_(s, uid, 'cmk-import-parameters', 'RSA_2048/RSAES_OAEP_SHA_256')
    names = {'x-cmk-import-token': 'token', 'x-cmk-import-key': 'key', 'x-cmk-import-public-key': 'public_key'}
    _, read = s.client.get_attributes(uid, list(names))
    return {names[a.attribute_name.value]: a.attribute_value.value for a in read}


def register(s, told, material):
    public_key = serialization.load_der_public_key(base64.b64decode(told['public_key']))
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    key = pie_objects.SymmetricKey(
        enums.CryptographicAlgorithm.AES, 256, public_key.encrypt(material, oaep), [Mask.ENCRYPT, Mask.DECRYPT],
        key_wrapping_data={
            'wrapping_method': enums.WrappingMethod.ENCRYPT,
            'encryption_key_information': {'unique_identifier': told['key']},
            'encoding_option': enums.EncodingOption.NO_ENCODING,
        })
    template = objects.TemplateAttribute(attributes=[custom('cmk-import-token', told['token'])])
    secret = s.client.object_factory.convert(key)
    result = s.client.proxy.register(enums.ObjectType.SYMMETRIC_KEY, template, secret)
    if result.result_status.value != enums.ResultStatus.SUCCESS:
        raise KmipOperationFailure(
            result.result_status.value, result.result_reason.value, result.result_message.value)
    return result.uuid

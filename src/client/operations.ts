import { Operation } from '../kmip/generated/enums.ts'
import { ActivateRequest, ActivateResponse } from '../kmip/payload/activate.ts'
import { AddAttributeRequest, AddAttributeResponse } from '../kmip/payload/add-attribute.ts'
import { DeleteAttributeRequest, DeleteAttributeResponse } from '../kmip/payload/delete-attribute.ts'
import { ModifyAttributeRequest, ModifyAttributeResponse } from '../kmip/payload/modify-attribute.ts'
import { SetAttributeRequest, SetAttributeResponse } from '../kmip/payload/set-attribute.ts'
import { CreateKeyPairRequest, CreateKeyPairResponse } from '../kmip/payload/create-key-pair.ts'
import { CreateRequest, CreateResponse } from '../kmip/payload/create.ts'
import { DecryptRequest, DecryptResponse } from '../kmip/payload/decrypt.ts'
import { DestroyRequest, DestroyResponse } from '../kmip/payload/destroy.ts'
import { DiscoverVersionsRequest, DiscoverVersionsResponse } from '../kmip/payload/discover-versions.ts'
import { EncryptRequest, EncryptResponse } from '../kmip/payload/encrypt.ts'
import { GetAttributesRequest, GetAttributesResponse } from '../kmip/payload/get-attributes.ts'
import { GetRequest, GetResponse } from '../kmip/payload/get.ts'
import { LocateRequest, LocateResponse } from '../kmip/payload/locate.ts'
import { MACVerifyRequest, MACVerifyResponse } from '../kmip/payload/mac-verify.ts'
import { MACRequest, MACResponse } from '../kmip/payload/mac.ts'
import { QueryRequest, QueryResponse } from '../kmip/payload/query.ts'
import { ReKeyKeyPairRequest, ReKeyKeyPairResponse } from '../kmip/payload/re-key-key-pair.ts'
import { ReKeyRequest, ReKeyResponse } from '../kmip/payload/re-key.ts'
import { RegisterRequest, RegisterResponse } from '../kmip/payload/register.ts'
import { RevokeRequest, RevokeResponse } from '../kmip/payload/revoke.ts'
import { RNGRetrieveRequest, RNGRetrieveResponse } from '../kmip/payload/rng-retrieve.ts'
import { SignRequest, SignResponse } from '../kmip/payload/sign.ts'
import { SignatureVerifyRequest, SignatureVerifyResponse } from '../kmip/payload/signature-verify.ts'

/** The operations for `Client.request`: each one's code and the structures of its payloads. */
export const activate = { code: Operation.Activate, request: ActivateRequest, response: ActivateResponse }
export const addAttribute = {
  code: Operation.AddAttribute, request: AddAttributeRequest, response: AddAttributeResponse,
}
export const deleteAttribute = {
  code: Operation.DeleteAttribute, request: DeleteAttributeRequest, response: DeleteAttributeResponse,
}
export const modifyAttribute = {
  code: Operation.ModifyAttribute, request: ModifyAttributeRequest, response: ModifyAttributeResponse,
}
export const setAttribute = {
  code: Operation.SetAttribute, request: SetAttributeRequest, response: SetAttributeResponse,
}
export const create = { code: Operation.Create, request: CreateRequest, response: CreateResponse }
export const createKeyPair = {
  code: Operation.CreateKeyPair, request: CreateKeyPairRequest, response: CreateKeyPairResponse,
}
export const decrypt = { code: Operation.Decrypt, request: DecryptRequest, response: DecryptResponse }
export const destroy = { code: Operation.Destroy, request: DestroyRequest, response: DestroyResponse }
export const discoverVersions = {
  code: Operation.DiscoverVersions, request: DiscoverVersionsRequest, response: DiscoverVersionsResponse,
}
export const encrypt = { code: Operation.Encrypt, request: EncryptRequest, response: EncryptResponse }
export const get = { code: Operation.Get, request: GetRequest, response: GetResponse }
export const getAttributes = {
  code: Operation.GetAttributes, request: GetAttributesRequest, response: GetAttributesResponse,
}
export const locate = { code: Operation.Locate, request: LocateRequest, response: LocateResponse }
export const mac = { code: Operation.MAC, request: MACRequest, response: MACResponse }
export const macVerify = { code: Operation.MACVerify, request: MACVerifyRequest, response: MACVerifyResponse }
export const query = { code: Operation.Query, request: QueryRequest, response: QueryResponse }
export const reKey = { code: Operation.ReKey, request: ReKeyRequest, response: ReKeyResponse }
export const reKeyKeyPair = {
  code: Operation.ReKeyKeyPair, request: ReKeyKeyPairRequest, response: ReKeyKeyPairResponse,
}
export const register = { code: Operation.Register, request: RegisterRequest, response: RegisterResponse }
export const revoke = { code: Operation.Revoke, request: RevokeRequest, response: RevokeResponse }
export const rngRetrieve = { code: Operation.RNGRetrieve, request: RNGRetrieveRequest, response: RNGRetrieveResponse }
export const sign = { code: Operation.Sign, request: SignRequest, response: SignResponse }
export const signatureVerify = {
  code: Operation.SignatureVerify, request: SignatureVerifyRequest, response: SignatureVerifyResponse,
}

import { X509Certificate, createPrivateKey } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Secret } from '../kmip/secret.ts'
import type { ClientCredentials } from '../operation/client-credentials.ts'
import { IdentityError, identify } from './identity.ts'
import type { IdentityPolicy } from './identity.ts'

/**
 * What Re-Provision needs to know of client certificates.
 *
 * @param directory holds ca.pem and, where the server is to issue, ca.key (EC P-256, as the throw-away PKI has it)
 */
export function clientCredentials(directory: string, policy: IdentityPolicy): ClientCredentials {
  const authority = loadAuthority(directory, policy)
  return {
    ...(authority !== undefined && { authority }),
    holderOf(certificate) {
      try {
        return identify(new X509Certificate(certificate), policy)
      } catch (error) {
        // Bytes that are no certificate make an error of OpenSSL.
        if (error instanceof IdentityError || (error instanceof Error && 'code' in error)) return undefined
        throw error
      }
    },
  }
}

function loadAuthority(directory: string, { authorities }: IdentityPolicy): ClientCredentials['authority'] {
  const path = join(directory, 'ca.key')
  if (!existsSync(path)) return undefined
  const key = createPrivateKey(readFileSync(path))
  const certificate = authorities.find((each) => each.checkPrivateKey(key))
  if (certificate === undefined || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return undefined
  return { certificate: certificate.raw, privateKey: new Secret(key.export({ format: 'der', type: 'pkcs8' })) }
}

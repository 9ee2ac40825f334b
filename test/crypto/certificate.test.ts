import { readFileSync } from 'node:fs'
import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { parseCertificate } from '../../src/crypto/certificate.ts'
import { parseName } from '../../src/crypto/distinguished-name.ts'
import { KmipError } from '../../src/kmip/error.ts'

interface Vector {
  readonly name: string
  readonly der: string
  readonly subject: string
  readonly signatureAlgorithm: number | null
  readonly keySpec: object
  readonly serialNumber: string
  readonly alternativeNames: readonly string[]
}

/** Made by OpenSSL; the subjects are as `openssl x509 -nameopt RFC2253` prints them. */
const vectors = JSON.parse(
  readFileSync(new URL('../../fixtures/crypto/certificates.json', import.meta.url), 'utf8'),
) as Vector[]

describe.each(vectors)('the certificate of $name', (vector) => {
  const der = Buffer.from(vector.der, 'hex')

  test('is read as OpenSSL reads it', () => {
    const fields = parseCertificate(der)
    expect({
      subject: fields.subject.text,
      signatureAlgorithm: fields.signatureAlgorithm ?? null,
      keySpec: fields.keySpec,
      serialNumber: fields.serialNumber.toString('hex'),
      alternativeNames: fields.subjectAlternativeNames.map((name) => name.der.toString('hex')),
    }).toEqual({
      subject: vector.subject,
      signatureAlgorithm: vector.signatureAlgorithm,
      keySpec: vector.keySpec,
      serialNumber: vector.serialNumber,
      alternativeNames: vector.alternativeNames,
    })
    const { serialNumber, publicKey } = new X509Certificate(der)
    expect(BigInt(`0x${serialNumber}`)).toBe(BigInt(`0x${fields.serialNumber.subarray(2).toString('hex')}`))
    expect(fields.publicKey.equals(publicKey.export({ type: 'spki', format: 'der' }))).toBe(true)
    expect(fields.issuer.der.equals(fields.subject.der)).toBe(true)
  })

  test('is refused, and by nothing but a refusal, when it is cut off or damaged', () => {
    for (let length = 0; length < der.length; length += 1) {
      expect(() => parseCertificate(der.subarray(0, length))).toThrow(KmipError)
    }
    for (let at = 0; at < der.length; at += 1) {
      const damaged = Buffer.from(der)
      damaged[at] = 255 - damaged[at]!
      try {
        parseCertificate(damaged)
      } catch (error) {
        expect(error).toBeInstanceOf(KmipError)
      }
    }
  })
})

describe('a distinguished name', () => {
  test.each([
    ['is empty', '3000', ''],
    ['has an attribute type without a short name', '300e310c300a06032a0304130361' + '6263', '1.2.3.4=abc'],
    ['has a BMPString', '300f310d300b06035504031e0400e90041', 'CN=éA'],
    ['has a value that is no text', '300c310a300806035504030201' + '05', 'CN=#020105'],
    ['has characters that need escapes', '300f310d300b0603550403130423' + '2b2c20', 'CN=\\#\\+\\,\\ '],
  ])('that %s', (_, hex, text) => {
    expect(parseName(Buffer.from(hex, 'hex')).text).toBe(text)
  })

  test.each(['', '31', '3001', '30023100' + '00', '300a3108300606035504031300' + '00'])('is not %s', (hex) => {
    expect(() => parseName(Buffer.from(hex, 'hex'))).toThrow()
  })
})

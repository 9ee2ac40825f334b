import { ItemType } from '../../ttlv/item.ts'
import { Tag } from '../generated/tags.ts'
import { bytes, enumeration, field, optional, structure, text, wrongType } from '../schema.ts'
import type { Field, Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.37 Table 273). */
export const PKCS11Request = structure('2.1 6.1.37', {
  pkcs11Interface: optional(text(Tag.PKCS_11Interface)),
  pkcs11Function: pkcs11Function(),
  correlationValue: optional(bytes(Tag.CorrelationValue)),
  pkcs11InputParameters: optional(bytes(Tag.PKCS_11InputParameters)),
})
export type PKCS11Request = Infer<typeof PKCS11Request>

/** Response payload (KMIP 2.1 6.1.37 Table 274). */
export const PKCS11Response = structure('2.1 6.1.37', {
  pkcs11Interface: optional(text(Tag.PKCS_11Interface)),
  pkcs11Function: pkcs11Function(),
  correlationValue: optional(bytes(Tag.CorrelationValue)),
  pkcs11OutputParameters: optional(bytes(Tag.PKCS_11OutputParameters)),
  pkcs11ReturnCode: enumeration(Tag.PKCS_11ReturnCode),
})
export type PKCS11Response = Infer<typeof PKCS11Response>

/** A function of PKCS#11 by its Enumeration, or a vendor's own by an Integer. */
export type PKCS11Function = number | { readonly vendorDefined: number }

function pkcs11Function(): Field<PKCS11Function> {
  const tag = Tag.PKCS_11Function
  return field<PKCS11Function>([tag], (item) => {
    if (item.type === ItemType.Enumeration) return item.value
    if (item.type === ItemType.Integer) return { vendorDefined: item.value }
    throw wrongType(tag)
  }, (writer, value) => {
    if (typeof value === 'number') writer.enumeration(tag, value)
    else writer.integer(tag, value.vendorDefined)
  })
}

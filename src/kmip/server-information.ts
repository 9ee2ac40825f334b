import { Tag } from './generated/tags.ts'
import { many, optional, others, since, structure, text } from './schema.ts'
import type { Infer } from './schema.ts'

/** 1.x leaves the whole content to the vendor (KMIP 1.4 4.25). */
export const ServerInformation = structure('2.1 7.37', {
  serverName: since('2.0', optional(text(Tag.ServerName))),
  serverSerialNumber: since('2.0', optional(text(Tag.ServerSerialNumber))),
  serverVersion: since('2.0', optional(text(Tag.ServerVersion))),
  serverLoad: since('2.0', optional(text(Tag.ServerLoad))),
  productName: since('2.0', optional(text(Tag.ProductName))),
  buildLevel: since('2.0', optional(text(Tag.BuildLevel))),
  buildDate: since('2.0', optional(text(Tag.BuildDate))),
  clusterInfo: since('2.0', optional(text(Tag.ClusterInfo))),
  alternateFailoverEndpoints: since('2.0', many(text(Tag.AlternateFailoverEndpoints))),
  vendorSpecific: others(),
})
export type ServerInformation = Infer<typeof ServerInformation>

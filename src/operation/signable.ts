import { KmipError } from '../kmip/error.ts'
import type { Part } from './key-use.ts'

/** @throws KmipError Invalid Field: Digested Data stands in the place of Data, and comes in one part */
export function checkSignable(request: Part & { digestedData?: Buffer | undefined }, data: Buffer | undefined): void {
  if (request.digestedData === undefined) return
  if (data !== undefined) throw new KmipError('InvalidField', 'Data and Digested Data exclude each other')
  if (request.correlationValue !== undefined || request.initIndicator === true) {
    throw new KmipError('InvalidField', 'Digested Data comes in one part')
  }
}

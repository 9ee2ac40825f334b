import { Operation } from '../kmip/generated/enums.ts'
import type { AnyOperation, Context } from './operation.ts'

/** The KMIP operation, which the caller needs the right to as well. */
export async function run(operation: AnyOperation, request: object, context: Context): Promise<Record<string, unknown>> {
  context.objects.begin(operation.code)
  try {
    return await operation.handle(request as never, context) as Record<string, unknown>
  } finally {
    context.objects.begin(Operation.PKCS_11)
  }
}

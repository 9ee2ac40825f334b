import { Operation } from '../kmip/generated/enums.ts'
import type { AnyOperation, Context } from './operation.ts'

/** The KMIP operation, which the caller needs the right to as well. */
export function run(operation: AnyOperation, request: object, context: Context): Promise<Record<string, unknown>> {
  return runAs(operation.code, context, async () => (
    await operation.handle(request as never, context) as Record<string, unknown>))
}

/** What is done as if by another operation, which the caller needs the right to. @param code of that operation */
export async function runAs<T>(code: number, context: Context, work: () => Promise<T>): Promise<T> {
  context.objects.begin(code)
  try {
    return await work()
  } finally {
    context.objects.begin(Operation.PKCS_11)
  }
}

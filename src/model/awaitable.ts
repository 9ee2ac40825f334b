/** What is there at once or comes later. `await` takes either; what mostly is there at once should not cost a promise. */
export type Awaitable<T> = T | Promise<T>

/** `next` of a value, at once where the value is there at once. What either throws or rejects with is not caught. */
export function after<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return value instanceof Promise ? later(value, next) : next(value)
}

/** `work`, or what `recover` makes of what it throws or rejects with. */
export function orElse<T>(work: () => Awaitable<T>, recover: (error: unknown) => Awaitable<T>): Awaitable<T> {
  try {
    const value = work()
    return value instanceof Promise ? value.catch(recover) : value
  } catch (error) {
    return recover(error)
  }
}

async function later<T, R>(value: Promise<T>, next: (value: T) => Awaitable<R>): Promise<R> {
  return next(await value)
}

import { weierstrass } from '@noble/curves/abstract/weierstrass.js'
import type { WeierstrassPointCons } from '@noble/curves/abstract/weierstrass.js'
import { curveParameters } from './curve.ts'
import type { Curve } from './curve.ts'

/** Point arithmetic that node:crypto does not offer: ECDSA over a digest, SM2 encryption. */
export function nobleCurve(curve: Curve): WeierstrassPointCons<bigint> {
  const known = points.get(curve.name)
  if (known !== undefined) return known
  const { p, a, b, n, h, Gx, Gy } = curveParameters(curve)
  const point = weierstrass({ p, a, b, n, h, Gx, Gy })
  points.set(curve.name, point)
  return point
}

const points = new Map<string, WeierstrassPointCons<bigint>>()

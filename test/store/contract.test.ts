import { writeBehind } from '../../src/store/write-behind.ts'
import { lmdbPlace, memoryPlace, sealedPlace } from './place.ts'
import { storeSuite } from './suite.ts'

storeSuite('memory', memoryPlace)
storeSuite('lmdb', lmdbPlace)
storeSuite('sealed memory', async () => sealedPlace(await memoryPlace()))
storeSuite('sealed lmdb', async () => sealedPlace(await lmdbPlace()))
// The negative control of the crash tests must be wrong in one thing only.
storeSuite('lmdb, acknowledging early', async () => {
  const place = await lmdbPlace()
  return { ...place, open: async () => writeBehind(await place.open(), 20) }
})

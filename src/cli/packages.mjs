/**
 * The Debian packages that `npm test` needs beyond Node and npm, each with what needs it.
 * The one list: `run.mjs --test` installs what is missing, and nothing else names packages.
 */
export const debianPackages = {
  'python3-pykmip': 'PyKMIP 0.10: the client through all its operations, its server as an external key manager',
  'python3-swift': 'OpenStack Swift: its KMIP key master',
  'python3-barbican': 'OpenStack Barbican: its KMIP secret store',
  'softhsm2': 'the reference PKCS#11 token',
  'libnss3': 'a second PKCS#11 module, which catches assumptions about the first',
  'libmongocrypt-dev': 'the MongoDB driver: its native part is built against it',
  'pkg-config': 'builds of native packages',
  'python3': 'node-gyp, and the Python clients',
  'make': 'node-gyp',
  'g++': 'node-gyp',
  'openssl': 'an independent check of certificates and signatures',
}

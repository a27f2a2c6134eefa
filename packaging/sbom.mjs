// Lists what the bundle is made of: node packaging/sbom.mjs [--names]
//
// Prints a CycloneDX 1.6 document of the packages that are joined into dist (package-lock.json without the development ones) and
// of the Node.js that comes with them; --names prints one line each. The same checkout gives the same bytes: no serial number, and
// the date is SOURCE_DATE_EPOCH or left out.

import { readFileSync } from 'node:fs';

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
const own = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const packages = Object.entries(lock.packages)
  .filter(([path, entry]) => path !== '' && entry.dev !== true && entry.devOptional !== true)
  .map(([path, entry]) => ({ name: path.replace(/^.*node_modules\//, ''), ...entry }))
  .sort((a, b) => (a.name < b.name ? -1 : 1));

function purl(name, version) {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

function component({ name, version, license, integrity }) {
  const [algorithm, digest] = (integrity ?? '').split('-');
  const hash = algorithm === 'sha512' ? Buffer.from(digest, 'base64').toString('hex') : null;
  return {
    type: name.startsWith('node-linux-') ? 'application' : 'library',
    'bom-ref': purl(name, version),
    name,
    version,
    ...(license === undefined ? {} : { licenses: [{ expression: license }] }),
    ...(hash === null ? {} : { hashes: [{ alg: 'SHA-512', content: hash }] }),
    purl: purl(name, version),
  };
}

const seconds = process.env.SOURCE_DATE_EPOCH;
const main = purl(own.name, own.version);
const document = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  version: 1,
  metadata: {
    ...(seconds === undefined ? {} : { timestamp: new Date(Number(seconds) * 1000).toISOString() }),
    component: {
      type: 'application',
      'bom-ref': main,
      name: own.name,
      version: own.version,
      description: own.description,
      licenses: [{ expression: own.license }],
      purl: main,
    },
  },
  components: packages.map(component),
  dependencies: [
    {
      ref: main,
      dependsOn: Object.keys({ ...own.dependencies, ...own.optionalDependencies })
        .map(refOf)
        .sort(),
    },
    ...packages.map((entry) => ({
      ref: purl(entry.name, entry.version),
      dependsOn: Object.keys(entry.dependencies ?? {})
        .map(refOf)
        .sort(),
    })),
  ],
};

function refOf(name) {
  const entry = packages.find((one) => one.name === name);
  if (entry === undefined) throw new Error(`package-lock.json lacks ${name}`);
  return purl(name, entry.version);
}

if (process.argv.includes('--names')) {
  for (const { name, version, license } of packages)
    console.log(`${name} ${version} (${license ?? 'see its package'})`);
} else {
  console.log(JSON.stringify(document, null, 2));
}

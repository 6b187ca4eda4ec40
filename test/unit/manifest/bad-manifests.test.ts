import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatManifestError } from '../../../src/manifest/manifest-document.js';
import { withoutDuplicates } from '../../../src/manifest/parse-manifests.js';
import { parseManifestBytes } from '../../../src/manifest/read-manifests.js';

const folder = new URL('../../fixtures/manifests/bad/', import.meta.url);
const names = readdirSync(folder).sort();
const manifests = names.filter((name) => !name.endsWith('.expected.txt'));

describe('every bad manifest gets its exact message', () => {
  it.each(manifests)('%s', (name) => {
    const expected = readFileSync(new URL(`${name}.expected.txt`, folder), 'utf8');
    const { documents, errors } = parseManifestBytes(readFileSync(new URL(name, folder)), { file: name });
    const all = withoutDuplicates(documents, errors).errors;
    expect(`${all.map(formatManifestError).join('\n')}\n`).toBe(expected);
    expect(all.length).toBeGreaterThan(0);
  });

  it('has a manifest for every message', () => {
    const messages = names.filter((name) => name.endsWith('.expected.txt'));
    expect(messages.map((name) => name.replace(/\.expected\.txt$/, ''))).toEqual(manifests);
  });
});
